"""CloudWatch: metrics of CloudFront and MediaPackage ("GetMetricData", AWS_RULES 23 to 27).

A missing datapoint means "no data". It means zero only once the window is complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from streamhub.aws.session import AwsSession

MAX_QUERIES = 500
CLOUDFRONT_NAMESPACE = "AWS/CloudFront"
CLOUDFRONT_REGION = "us-east-1"  # CloudFront has its metrics only in this region


@dataclass(frozen=True)
class MetricQuery:
    """One series to request. `id` is unique within a call and starts lower-case; `period` in seconds."""

    id: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    stat: str
    period: int

    @property
    def region(self) -> str | None:
        """The region that has this metric; None: the session's region."""
        return CLOUDFRONT_REGION if self.namespace == CLOUDFRONT_NAMESPACE else None


@dataclass(frozen=True)
class MetricSeries:
    """Points in order of time, each at the start of its period (aware UTC).

    `complete` is False if CloudWatch did not return all that it has: request the series again.
    """

    id: str
    points: tuple[tuple[datetime, float], ...]
    complete: bool
    request_id: str | None = None


@dataclass
class _PartialSeries:
    """A series while its pages arrive."""

    points: dict[datetime, float] = field(default_factory=dict)
    complete: bool = False
    request_id: str | None = None


class CloudWatch:
    """Metrics of one AWS session."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def get_metric_data(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime
    ) -> tuple[MetricSeries, ...]:
        """GetMetricData for at most 500 queries, all pages; one series for each query, in their order.

        The start is rounded down to the period; `end` is exclusive (AWS_RULES 24). CloudFront's metrics
        are read in us-east-1, all others in the session's region. Raises ValueError for more than 500
        queries or ids that are not unique.
        """
        partial = {query.id: _PartialSeries() for query in queries}
        if len(queries) > MAX_QUERIES or len(partial) != len(queries):
            raise ValueError(f"Request at most {MAX_QUERIES} metrics at once, each with its own id.")
        for region in sorted({query.region or "" for query in queries}):
            of_region = [query for query in queries if (query.region or "") == region]
            self._read_region(partial, of_region, region or None, start, end)
        return tuple(_series(query.id, partial[query.id]) for query in queries)

    def _read_region(
        self,
        partial: dict[str, _PartialSeries],
        queries: Sequence[MetricQuery],
        region: str | None,
        start: datetime,
        end: datetime,
    ) -> None:
        params: dict[str, Any] = {
            "MetricDataQueries": [_request(query) for query in queries],
            "StartTime": start,
            "EndTime": end,
            "ScanBy": "TimestampAscending",
        }
        while True:
            response, request_id = self._session.call("cloudwatch", "GetMetricData", region=region, **params)
            for result in response.get("MetricDataResults", []):
                _add_page(partial[result["Id"]], result, request_id)
            if not response.get("NextToken"):
                break
            params["NextToken"] = response["NextToken"]
        if response.get("Messages"):  # they explain what CloudWatch left out
            for query in queries:
                partial[query.id].complete = False


def _request(query: MetricQuery) -> dict[str, Any]:
    return {
        "Id": query.id,
        "ReturnData": True,
        "MetricStat": {
            "Metric": {
                "Namespace": query.namespace,
                "MetricName": query.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions.items()],
            },
            "Period": query.period,
            "Stat": query.stat,
        },
    }


def _add_page(partial: _PartialSeries, result: Mapping[str, Any], request_id: str | None) -> None:
    """Add one page of one series. The last page says whether the series is complete."""
    times = (time.astimezone(UTC) for time in result.get("Timestamps", []))
    partial.points.update(zip(times, result.get("Values", []), strict=True))
    partial.complete = result.get("StatusCode", "Complete") == "Complete"
    partial.request_id = request_id


def _series(id: str, partial: _PartialSeries) -> MetricSeries:
    points = tuple(sorted(partial.points.items()))
    return MetricSeries(id, points, partial.complete, partial.request_id)
