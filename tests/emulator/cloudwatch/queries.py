"""Queries of CloudWatch metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

ID = "E1EXAMPLE00001"
GLOBAL = {"Name": "Region", "Value": "Global"}


def ago(**span: float) -> datetime:
    """The whole minute that is `span` ago."""
    return (datetime.now(UTC) - timedelta(**span)).replace(second=0, microsecond=0)


def query(query_id: str = "m", metric: str = "BytesDownloaded", **changes: Any) -> dict[str, Any]:
    dimensions = changes.pop("dimensions", [{"Name": "DistributionId", "Value": ID}, GLOBAL])
    named = {"Namespace": changes.pop("namespace", "AWS/CloudFront"), "MetricName": metric}
    stat = {"Metric": {**named, "Dimensions": dimensions}, "Period": 60, "Stat": "Sum", **changes}
    return {"Id": query_id, "MetricStat": stat}


def points(client: Any, *queries: dict[str, Any], start: datetime, end: datetime, **more: Any) -> Any:
    """{datetime: value} of a single query, or a list of these for several queries."""
    more.setdefault("ScanBy", "TimestampAscending")
    answer = client.get_metric_data(MetricDataQueries=list(queries), StartTime=start, EndTime=end, **more)
    series = [
        dict(zip((moment.astimezone(UTC) for moment in result["Timestamps"]), result["Values"], strict=True))
        for result in answer["MetricDataResults"]
    ]
    return series[0] if len(queries) == 1 else series


def hour(client: Any, *queries: dict[str, Any], **more: Any) -> Any:
    """The published points of the last two hours."""
    return points(client, *(queries or (query(),)), start=ago(hours=2), end=ago(minutes=-2), **more)
