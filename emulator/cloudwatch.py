"""CloudWatch: AWS's own metrics out of the traffic by minute, and metrics that clients put.

A metric lives in a region and is found only by all of its dimensions: CloudFront's in us-east-1 with
`DistributionId` and `Region=Global`, MediaPackage's in the world's region with `Channel`. Asking
elsewhere or with other dimensions is no error; there is just nothing there. Pages: "Viewing CloudFront
metrics", "Monitoring MediaPackage with CloudWatch metrics", "GetMetricData".
"""

from __future__ import annotations

import base64
import json
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Any

from . import cloudwatch_rules as rules
from .base import Service, World
from .cloudwatch_rules import Metric, Params, Query, Window, invalid
from .minutes import MINUTE, Traffic

CLOUDFRONT = "AWS/CloudFront"
CLOUDFRONT_REGION = "us-east-1"
MEDIAPACKAGE = "AWS/MediaPackage"
# By namespace: the two amounts of its series and their unit, the dimension that names one, the others.
OWN: dict[str, tuple[tuple[str, str], str, str, rules.Dimensions]] = {
    CLOUDFRONT: (("BytesDownloaded", "Requests"), "None", "DistributionId", (("Region", "Global"),)),
    MEDIAPACKAGE: (("IngressBytes", "EgressBytes"), "Bytes", "Channel", ()),
}
LIST_PAGE = 500
LISTED_SECONDS = 14 * 86_400  # ListMetrics knows what had data in the past two weeks
PUT_PAST, PUT_FUTURE = 14 * 86_400, 2 * 3600
Row = tuple[int, float, float, float, float]  # epoch second; sum, count, least, most of its samples
Point = tuple[int, float]
Cursor = tuple[int, int | None]  # the query to go on with, and after which moment


class CloudWatch(Service):
    """CloudWatch in every region of the account; `world.calling_region` says which one is asked."""

    name = "cloudwatch"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.traffic = Traffic(world)
        self.page = rules.MAX_POINTS
        self._put: dict[tuple[str, Metric], tuple[str, dict[int, Row]]] = {}

    # -- operations

    def get_metric_data(self, params: Params) -> Params:
        """Up to 500 series over one window, page by page; published datapoints only."""
        queries, window = rules.queries_of(params), rules.window_of(params)
        room = min(rules.page_points(params), self.page)
        newest_first = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        asked = _fingerprint(queries, window, newest_first)
        number, after = _read_token(params.get("NextToken"), asked, len(queries))
        results: list[Params] = []
        for at in range(number, len(queries)):
            points = self._ordered(queries[at], window, newest_first, after if at == number else None)
            part = points[:room]
            room -= len(part)
            if len(part) == len(points):
                results.append(_result(queries[at], part, "Complete"))
                continue
            if part:
                results.append(_result(queries[at], part, "PartialData"))
            reached = (at, part[-1][0] if part else None)
            return {"MetricDataResults": results, "NextToken": _write_token(reached, asked)}
        return {"MetricDataResults": results, "Messages": []}

    def get_metric_statistics(self, params: Params) -> Params:
        """One metric, several statistics, in no particular order (newest first here)."""
        window, wanted = rules.statistics_of(params)
        metric = rules.metric_of(params)
        found: dict[int, Params] = {}
        for stat in wanted:
            query = Query("m", metric.name, metric, params["Period"], stat, params.get("Unit"))
            for moment, value in self._points(query, window):
                found.setdefault(moment, {"Timestamp": moment, "Unit": self._unit(metric)})[stat] = value
        return {"Label": metric.name, "Datapoints": [found[moment] for moment in sorted(found, reverse=True)]}

    def list_metrics(self, params: Params) -> Params:
        """Metrics of this region with published data in the past two weeks, 500 a page."""
        token = params.get("NextToken")
        fitting = (one for one in self._metrics(params) if _fits(one, params))
        start = _read_offset(token) if token else 0
        page = list(islice(fitting, start, start + LIST_PAGE + 1))
        more = {"NextToken": _encode(start + LIST_PAGE)} if len(page) > LIST_PAGE else {}
        return {"Metrics": [_listed(one) for one in page[:LIST_PAGE]], **more}

    def put_metric_data(self, params: Params) -> None:
        """Samples of the client's own metrics, readable at once."""
        namespace = params.get("Namespace", "")
        rules.check_writable(namespace)
        for given in params.get("MetricData") or []:
            metric = rules.metric_of({**given, "Namespace": namespace})
            row = self._sample(given)
            _, rows = self._put.setdefault((self._region, metric), (given.get("Unit", "None"), {}))
            rows[row[0]] = _merged(row[0], [rows[row[0]], row]) if row[0] in rows else row

    # -- reading

    @property
    def _region(self) -> str:
        return self.world.calling_region or self.world.region

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
        """A query's datapoints in order of time, stamped with the beginning of their period."""
        if query.unit not in (None, self._unit(query.metric)):
            return []
        period = query.period
        first, end = window.rounded(period)
        oldest = rules.oldest_kept(period, self._now())
        first = max(first, -(-oldest // period) * period)
        rows = self._rows(query.metric, first, end)
        if period > MINUTE:
            rows = _grouped(rows, period)
        return [(row[0], _statistic(row, query.stat)) for row in rows]

    def _rows(self, metric: Metric, first: int, end: int) -> list[Row]:
        """The samples by minute from `first` to before `end`, in order of time."""
        if metric.namespace in OWN:
            return self._own_rows(metric, first, end)
        _, rows = self._put.get((self._region, metric), ("", {}))
        return [rows[at] for at in sorted(rows) if first <= at < end]

    def _own_rows(self, metric: Metric, first: int, end: int) -> list[Row]:
        names, _, naming, others = OWN[metric.namespace]
        if not self._is_here(metric.namespace) or metric.name not in names:
            return []
        named = dict(metric.dimensions).get(naming, "")
        if metric.dimensions != tuple(sorted(((naming, named), *others))):
            return []
        series = self.traffic.find(metric.namespace, named)
        which = names.index(metric.name)
        rows = series.shown(first, end) if series else []
        return [(at, value := float(two[which]), 1.0, value, value) for at, two in rows]

    def _is_here(self, namespace: str) -> bool:
        return self._region == (CLOUDFRONT_REGION if namespace == CLOUDFRONT else self.world.region)

    def _unit(self, metric: Metric) -> str:
        if metric.namespace in OWN:
            return OWN[metric.namespace][1]
        return self._put.get((self._region, metric), ("None", {}))[0]

    def _metrics(self, params: Params) -> Iterator[Metric]:
        """This region's metrics, those in question first of all: a named series is not searched for."""
        now = int(self._now())
        named = {one["Name"]: one.get("Value") for one in params.get("Dimensions") or []}
        for namespace, (names, _, naming, others) in OWN.items():
            if params.get("Namespace") not in (None, namespace) or not self._is_here(namespace):
                continue
            for each in self._ids(namespace, named.get(naming)):
                series = self.traffic.find(namespace, each)
                if series and series.shown(now // MINUTE * MINUTE - LISTED_SECONDS, now + MINUTE):
                    dimensions = tuple(sorted(((naming, each), *others)))
                    yield from (Metric(namespace, name, dimensions) for name in names)
        for (region, metric), (_, rows) in self._put.items():
            if region == self._region and max(rows) > now - LISTED_SECONDS:
                yield metric

    def _ids(self, namespace: str, named: str | None) -> Iterator[str]:
        if named is not None:
            return iter([named])
        start = bisect_right(self.traffic.order, (namespace, ""))
        return (name for space, name in islice(self.traffic.order, start, None) if space == namespace)

    # -- writing

    def _sample(self, given: Params) -> Row:
        now = self._now()
        moment = given["Timestamp"].timestamp() if given.get("Timestamp") else now
        if not now - PUT_PAST <= moment <= now + PUT_FUTURE:
            invalid("The parameter Timestamp must be at most two weeks old.", "InvalidParameterValue")
        at = int(moment // MINUTE) * MINUTE
        whole = given.get("StatisticValues")
        if whole:
            return at, whole["Sum"], whole["SampleCount"], whole["Minimum"], whole["Maximum"]
        values = given.get("Values") or [given[key] for key in ("Value",) if key in given]
        counts = given.get("Counts") or [1.0] * len(values)
        if not values or len(values) != len(counts):
            invalid("The parameters Value, Values and Counts do not fit.", "InvalidParameterCombination")
        total = sum(value * count for value, count in zip(values, counts, strict=True))
        return at, float(total), float(sum(counts)), float(min(values)), float(max(values))

    # -- what a person sees and does

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        return {"series": [{"namespace": space, "id": name} for space, name in self.traffic.order]}

    def console(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """`set_page`: at most so many datapoints on a page of GetMetricData ({"points": 100})."""
        if action != "set_page":
            return super().console(action, params)
        self.page = max(1, int(params["points"]))
        return {"points": self.page}


def _grouped(rows: list[Row], period: int) -> list[Row]:
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[0] - row[0] % period, []).append(row)
    return [_merged(at, some) for at, some in groups.items()]


def _merged(at: int, rows: list[Row]) -> Row:
    _, sums, counts, lows, highs = zip(*rows, strict=True)
    return at, sum(sums), sum(counts), min(lows), max(highs)


def _statistic(row: Row, stat: str) -> float:
    if stat == "Average":
        return row[1] / row[2]
    return row[{"Sum": 1, "SampleCount": 2, "Minimum": 3, "Maximum": 4}[stat]]


def _result(query: Query, points: list[Point], status: str) -> Params:
    return {
        "Id": query.id,
        "Label": query.label,
        "Timestamps": [moment for moment, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": status,
    }


def _fits(metric: Metric, params: Params) -> bool:
    """ListMetrics' filter: the dimensions named must be among the metric's."""
    own = dict(metric.dimensions)
    return (
        params.get("Namespace") in (None, metric.namespace)
        and params.get("MetricName") in (None, metric.name)
        and all(
            one["Name"] in own and one.get("Value") in (None, own[one["Name"]])
            for one in params.get("Dimensions") or []
        )
    )


def _listed(metric: Metric) -> Params:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def _fingerprint(queries: list[Query], window: Window, newest_first: bool) -> int:
    return zlib.crc32(repr((queries, window, newest_first)).encode())


def _encode(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _decode(token: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        invalid("The NextToken is not valid.", "InvalidNextToken")


def _write_token(cursor: Cursor, asked: int) -> str:
    return _encode([*cursor, asked])


def _read_token(token: str | None, asked: int, queries: int) -> Cursor:
    """Where to go on; refused if the token is of another request."""
    if token is None:
        return 0, None
    match _decode(token):
        case [int(number), int() | None as after, int(of)] if of == asked and number < queries:
            return number, after
    invalid("The NextToken is not valid for this request.", "InvalidNextToken")


def _read_offset(token: str) -> int:
    value = _decode(token)
    return value if isinstance(value, int) else invalid("The NextToken is not valid.", "InvalidNextToken")
