"""CloudWatch: what CloudFront delivered and MediaPackage packaged ("GetMetricData", AWS_RULES 23 to 27).

No datapoint means "no data", which is not zero until the window is complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from streamhub.aws.session import AwsSession

MAX_QUERIES = 500
CLOUDFRONT_NAMESPACE = "AWS/CloudFront"
CLOUDFRONT_REGION = "us-east-1"  # CloudFront's metrics live nowhere else


@dataclass(frozen=True)
class MetricQuery:
    """One series to ask for. `id` is unique within a call and starts lower-case; `period` in seconds."""

    id: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    stat: str
    period: int

    @property
    def region(self) -> str | None:
        """Where this metric lives; None: the session's region."""
        return CLOUDFRONT_REGION if self.namespace == CLOUDFRONT_NAMESPACE else None


@dataclass(frozen=True)
class MetricSeries:
    """Points in order of time, each at the start of its period (aware UTC).

    `complete` is False if CloudWatch did not hand out all it has: ask again.
    """

    id: str
    points: tuple[tuple[datetime, float], ...]
    complete: bool
    request_id: str | None = None


@dataclass
class _Gathering:
    """A series while its pages come in."""

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
        are asked in us-east-1, all others in the session's region. Raises ValueError for more than 500
        queries or ids that are not unique.
        """
        gathered = {query.id: _Gathering() for query in queries}
        if len(queries) > MAX_QUERIES or len(gathered) != len(queries):
            raise ValueError(f"ask for at most {MAX_QUERIES} metrics at once, each with its own id")
        for region in sorted({query.region or "" for query in queries}):
            here = [query for query in queries if (query.region or "") == region]
            self._gather(gathered, here, region or None, start, end)
        return tuple(_series(query.id, gathered[query.id]) for query in queries)

    def _gather(
        self,
        gathered: dict[str, _Gathering],
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
                _take(gathered[result["Id"]], result, request_id)
            if not response.get("NextToken"):
                break
            params["NextToken"] = response["NextToken"]
        if response.get("Messages"):  # CloudWatch explains there what it left out
            for query in queries:
                gathered[query.id].complete = False


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


def _take(gathering: _Gathering, result: Mapping[str, Any], request_id: str | None) -> None:
    """Add one page of one series; the last page's word on completeness counts."""
    moments = (moment.astimezone(UTC) for moment in result.get("Timestamps", []))
    gathering.points.update(zip(moments, result.get("Values", []), strict=True))
    gathering.complete = result.get("StatusCode", "Complete") == "Complete"
    gathering.request_id = request_id


def _series(id: str, gathering: _Gathering) -> MetricSeries:
    points = tuple(sorted(gathering.points.items()))
    return MetricSeries(id, points, gathering.complete, gathering.request_id)
