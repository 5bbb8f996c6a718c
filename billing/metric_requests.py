"""Plan few calls of GetMetricData for many windows: a pure function of values (AWS_RULES 24, 25).

A call carries up to 500 queries, two per distribution (bytes and requests), with one start and end for all.
So 250 distributions share a call as long as their common span gives at most 100,800 datapoints; above that,
another page costs as much as another call. 1,000 breakouts of one evening need 4 calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from billing.usage_window import ceil_to, floor_to

QUERIES = 500
DATAPOINTS = 100_800
METRICS = 2
HOUR = 3600

# What CloudWatch keeps: (days, period in seconds); up to that age it has periods of that length.
KEPT = ((15, 60), (63, 300), (455, HOUR))


@dataclass(frozen=True, slots=True)
class MetricRange:
    """The minutes of one distribution to read; `end` is exclusive."""

    aws_distribution_id: str
    start: datetime
    end: datetime


@dataclass
class GetMetricDataCall:
    """One call: both metrics of these distributions from start to end, by `period` seconds."""

    period: int
    start: datetime
    end: datetime
    aws_distribution_ids: set[str] = field(default_factory=set)

    def has_room_for(self, metric_range: MetricRange) -> bool:
        """Whether the call stays within CloudWatch's limits with this range as well."""
        ids = len(self.aws_distribution_ids | {metric_range.aws_distribution_id})
        span = max(self.end, metric_range.end) - min(self.start, metric_range.start)
        datapoints = ids * METRICS * span.total_seconds() / self.period
        return ids * METRICS <= QUERIES and datapoints <= DATAPOINTS

    def add(self, metric_range: MetricRange) -> None:
        self.start, self.end = min(self.start, metric_range.start), max(self.end, metric_range.end)
        self.aws_distribution_ids.add(metric_range.aws_distribution_id)


def plan(ranges: Iterable[MetricRange], now: datetime) -> list[GetMetricDataCall]:
    """The calls that read all ranges, oldest first. What CloudWatch no longer keeps is left out."""
    by_period: dict[int, list[MetricRange]] = {}
    for metric_range in ranges:
        for period, segment in segments(metric_range, now):
            by_period.setdefault(period, []).append(segment)
    return [
        call
        for period in sorted(by_period, reverse=True)
        for call in _grouped(period, sorted(by_period[period], key=lambda part: (part.start, part.end)))
    ]


def segments(metric_range: MetricRange, now: datetime) -> Iterator[tuple[int, MetricRange]]:
    """The range, split where CloudWatch keeps only longer periods; each part has whole periods.

    The splits are on whole hours, so that no period is read in two lengths, and at least an hour inside the
    retention, so that a slow call still finds its data.
    """
    newer: datetime | None = None  # where the next shorter period begins
    for days, period in KEPT:
        oldest = ceil_to(now - timedelta(days=days), HOUR) + timedelta(hours=1)
        start = max(metric_range.start, oldest)
        end = metric_range.end if newer is None else min(metric_range.end, newer)
        if start < end:
            aws_id = metric_range.aws_distribution_id
            yield period, MetricRange(aws_id, floor_to(start, period), ceil_to(end, period))
        newer = oldest


def _grouped(period: int, ranges: Iterable[MetricRange]) -> Iterator[GetMetricDataCall]:
    call: GetMetricDataCall | None = None
    for metric_range in ranges:
        if call is None or not call.has_room_for(metric_range):
            if call is not None:
                yield call
            call = GetMetricDataCall(period, metric_range.start, metric_range.end)
        call.add(metric_range)
    if call is not None:
        yield call
