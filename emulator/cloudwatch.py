"""CloudWatch: metrics of CloudFront and MediaPackage, from the traffic by minute, and of MediaLive's inputs.

A metric exists in one region and only under all of its dimensions: CloudFront's in us-east-1 with
`DistributionId` and `Region=Global`, MediaPackage's in the world's region with `Channel`, MediaLive's there
with `ChannelId` and `Pipeline`. MediaLive's are there at once, the others by `minutes.Publication`. A query
in another region or with other dimensions is valid and has no datapoints. Pages: "Viewing CloudFront
metrics", "Monitoring MediaPackage with CloudWatch metrics", "GetMetricData".
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from statistics import fmean
from typing import Any

from . import cloudwatch_rules as rules
from .base import Service, World
from .cloudwatch_rules import Params, Query, Window, invalid
from .medialive.input_metrics import UNITS
from .minutes import Traffic

CLOUDFRONT = "AWS/CloudFront"
CLOUDFRONT_REGION = "us-east-1"
MEDIAPACKAGE = "AWS/MediaPackage"
MEDIALIVE = "AWS/MediaLive"
# By namespace: the two metrics of a series, their unit, the dimension with the id, and other dimensions.
NAMESPACES: dict[str, tuple[tuple[str, str], str, str, rules.Dimensions]] = {
    CLOUDFRONT: (("BytesDownloaded", "Requests"), "None", "DistributionId", (("Region", "Global"),)),
    MEDIAPACKAGE: (("IngressBytes", "EgressBytes"), "Bytes", "Channel", ()),
}
Point = tuple[int, float]
Cursor = tuple[int, int | None]  # the query to continue with, and the last moment already returned


_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Average": fmean,
    "Minimum": min,
    "Maximum": max,
    "SampleCount": lambda values: float(len(values)),
}


class CloudWatch(Service):
    """CloudWatch in all regions of the account; `world.calling_region` is the region of the call."""

    name = "cloudwatch"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.traffic = Traffic(world)
        self.page = rules.MAX_POINTS

    # -- operations

    def get_metric_data(self, params: Params) -> Params:
        """Published datapoints of up to 500 series over one window, in pages."""
        queries, window = rules.queries_of(params), rules.window_of(params)
        room = min(rules.page_points(params), self.page)
        newest_first = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        request = _fingerprint(queries, window, newest_first)
        number, after = _read_token(params.get("NextToken"), request, len(queries))
        results: list[Params] = []
        for index in range(number, len(queries)):
            points = self._ordered(queries[index], window, newest_first, after if index == number else None)
            part = points[:room]
            room -= len(part)
            if len(part) == len(points):
                results.append(_result(queries[index], part, "Complete"))
                continue
            if part:
                results.append(_result(queries[index], part, "PartialData"))
            reached = (index, part[-1][0] if part else None)
            return {"MetricDataResults": results, "NextToken": _write_token(reached, request)}
        return {"MetricDataResults": results, "Messages": []}

    # -- reading

    def _now(self) -> float:
        return self.world.clock.now().timestamp()

    def _ordered(self, query: Query, window: Window, newest_first: bool, after: int | None) -> list[Point]:
        points = self._points(query, window)
        if newest_first:
            points.reverse()
        if after is None:
            return points
        return [point for point in points if (point[0] < after if newest_first else point[0] > after)]

    def _points(self, query: Query, window: Window) -> list[Point]:
        """A query's datapoints in order of time, each at the start of its period."""
        period = query.period
        first, end = window.rounded(period)
        oldest = rules.oldest_kept(period, self._now())
        first = max(first, -(-oldest // period) * period)
        groups: dict[int, list[float]] = {}
        for at, value in self._values(query, first, end):
            groups.setdefault(at - at % period, []).append(value)
        return [(at, _STATISTICS[query.stat](values)) for at, values in groups.items()]

    def _values(self, query: Query, first: int, end: int) -> list[Point]:
        """Published values by minute from `first` to before `end`, in order of time."""
        metric = query.metric
        if metric.namespace == MEDIALIVE:
            return self._input_values(query, first, end)
        if metric.namespace not in NAMESPACES or not self._is_here(metric.namespace):
            return []
        names, unit, naming, others = NAMESPACES[metric.namespace]
        if metric.name not in names or query.unit not in (None, unit):
            return []
        named = dict(metric.dimensions).get(naming, "")
        if metric.dimensions != tuple(sorted(((naming, named), *others))):
            return []
        series = self.traffic.find(metric.namespace, named)
        which = names.index(metric.name)
        minutes = series.shown(first, end) if series else []
        return [(at, float(amounts[which])) for at, amounts in minutes]

    def _input_values(self, query: Query, first: int, end: int) -> list[Point]:
        """MediaLive's values by minute."""
        metric, dimensions = query.metric, dict(query.metric.dimensions)
        unit = UNITS.get(metric.name)
        if unit is None or query.unit not in (None, unit) or not self._is_here(MEDIALIVE):
            return []
        if dimensions.keys() != {"ChannelId", "Pipeline"}:
            return []
        medialive: Any = self.world.services["medialive"]
        points: list[Point] = medialive.metric(
            metric.name, *map(dimensions.get, sorted(dimensions)), first, end
        )
        return points

    def _is_here(self, namespace: str) -> bool:
        region = self.world.calling_region or self.world.region
        return region == (CLOUDFRONT_REGION if namespace == CLOUDFRONT else self.world.region)

    # -- inventory and console

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {"series": [{"namespace": space, "id": name} for space, name in self.traffic.names()]}

    def console(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """`set_page`: the largest page of GetMetricData, in datapoints ({"points": 100})."""
        if action != "set_page":
            return super().console(action, params)
        self.page = max(1, int(params["points"]))
        return {"points": self.page}


def _result(query: Query, points: list[Point], status: str) -> Params:
    return {
        "Id": query.id,
        "Label": query.label,
        "Timestamps": [moment for moment, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": status,
    }


def _fingerprint(queries: list[Query], window: Window, newest_first: bool) -> int:
    return zlib.crc32(repr((queries, window, newest_first)).encode())


def _encode(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _decode(token: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        invalid("The NextToken is not valid.", "InvalidNextToken")


def _write_token(cursor: Cursor, request: int) -> str:
    return _encode([*cursor, request])


def _read_token(token: str | None, request: int, queries: int) -> Cursor:
    """Where to continue. A token of another request is refused."""
    if token is None:
        return 0, None
    match _decode(token):
        case [int(number), int() | None as after, int(of)] if of == request and number < queries:
            return number, after
    invalid("The NextToken is not valid for this request.", "InvalidNextToken")
