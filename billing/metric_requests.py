"""Which calls of GetMetricData serve many windows at once: a pure function of values (AWS_RULES 24, 25).

One call carries 500 queries, two per distribution (bytes and requests), and one start and end for all
of them. So 250 distributions share a call as long as their common span stays within the 100,800
datapoints that one answer holds; beyond that a further page would cost as much as a further call.
1,000 breakouts of one evening are 4 calls, two per metric.
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

# What CloudWatch keeps: (age in days up to which a period is there, that period in seconds).
KEPT = ((15, 60), (63, 300), (455, HOUR))


@dataclass(frozen=True, slots=True)
class MetricRange:
    """The minutes of one distribution that are wanted; `end` is exclusive."""

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

    def takes(self, ask: MetricRange) -> bool:
        """Whether the call still has room for that as well."""
        ids = len(self.aws_distribution_ids | {ask.aws_distribution_id})
        span = max(self.end, ask.end) - min(self.start, ask.start)
        datapoints = ids * METRICS * span.total_seconds() / self.period
        return ids * METRICS <= QUERIES and datapoints <= DATAPOINTS

    def add(self, ask: MetricRange) -> None:
        self.start, self.end = min(self.start, ask.start), max(self.end, ask.end)
        self.aws_distribution_ids.add(ask.aws_distribution_id)


def plan(asks: Iterable[MetricRange], now: datetime) -> list[GetMetricDataCall]:
    """The calls that serve all asks, oldest first. What CloudWatch keeps no longer is left out."""
    by_period: dict[int, list[MetricRange]] = {}
    for ask in asks:
        for period, segment in segments(ask, now):
            by_period.setdefault(period, []).append(segment)
    return [
        call
        for period in sorted(by_period, reverse=True)
        for call in _grouped(period, sorted(by_period[period], key=lambda ask: (ask.start, ask.end)))
    ]


def segments(ask: MetricRange, now: datetime) -> Iterator[tuple[int, MetricRange]]:
    """The ask cut where CloudWatch keeps only longer periods, each part in whole periods.

    The cuts lie on whole hours, at least an hour inside what is kept, so that no period is asked for
    in two lengths and a slow call does not fall out of the retention on its way.
    """
    newer: datetime | None = None  # where the next shorter period begins
    for days, period in KEPT:
        oldest = ceil_to(now - timedelta(days=days), HOUR) + timedelta(hours=1)
        start, end = max(ask.start, oldest), ask.end if newer is None else min(ask.end, newer)
        if start < end:
            yield period, MetricRange(ask.aws_distribution_id, floor_to(start, period), ceil_to(end, period))
        newer = oldest


def _grouped(period: int, asks: Iterable[MetricRange]) -> Iterator[GetMetricDataCall]:
    call: GetMetricDataCall | None = None
    for ask in asks:
        if call is None or not call.takes(ask):
            if call is not None:
                yield call
            call = GetMetricDataCall(period, ask.start, ask.end)
        call.add(ask)
    if call is not None:
        yield call
