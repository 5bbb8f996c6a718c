"""How late CloudFront publishes: a histogram of what was measured, and how long figures must be quiet.

A datapoint that was missing at one read and is there at the next came between them: its delay is known up to
that interval, of which the end counts. Where the interval says little, nothing is counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Sum

from billing.models import PublicationDelay

# Upper bounds in seconds. What comes later than the last one counts in it.
BUCKETS = (
    *(5, 10, 20, 30, 60, 120, 180, 300, 450, 600, 900, 1200, 1800, 2700, 3600, 4500, 5400, 6300, 7200),
    *(9000, 10_800, 14_400, 21_600, 43_200, 86_400),
)
KEPT = timedelta(days=30)
# A delay counts if its upper bound is at most this many times its lower one, or young altogether.
PRECISION = 3
YOUNG = 4


@dataclass(frozen=True)
class Histogram:
    """Datapoints by the upper bound of their delay in seconds."""

    counts: Mapping[int, int]

    def percentile(self, share: float) -> int | None:
        """The delay within which this share (0 to 1) of the datapoints came; None without a measurement."""
        total, seen = sum(self.counts.values()), 0
        for seconds in sorted(self.counts):
            seen += self.counts[seconds]
            if seen >= share * total:
                return seconds
        return None


def histogram(now: datetime) -> Histogram:
    """What was measured in the last 30 days."""
    rows = PublicationDelay.objects.filter(day__gt=(now - KEPT).date()).values_list("seconds")
    return Histogram(dict(rows.annotate(Sum("datapoints"))))


def quiet_time(now: datetime) -> timedelta:
    """How long figures must stay unchanged before they are final.

    `METRICS_FINAL_AFTER_SECONDS`, or the measured 99th percentile of the publication delay if it is longer.
    """
    measured = histogram(now).percentile(0.99) or 0
    return timedelta(seconds=max(settings.METRICS_FINAL_AFTER_SECONDS, measured))


def delay_of(
    minute_end: datetime, now: datetime, read_before: datetime | None, quiet: timedelta
) -> timedelta | None:
    """The delay of a datapoint that is new or changed at `now`; None if that says too little.

    `read_before`: when the minute was read the last time before.
    """
    latest = max(now - minute_end, timedelta())
    if latest <= quiet / YOUNG:
        return latest
    if read_before is None or read_before <= minute_end:
        return None
    return latest if latest <= PRECISION * (read_before - minute_end) else None


def delays_record(delays: Iterable[timedelta], now: datetime) -> None:
    """Count these delays in today's histogram."""
    counts = Counter(_bucket(delay) for delay in delays)
    if not counts:
        return
    day = now.date()
    PublicationDelay.objects.bulk_create(
        (PublicationDelay(day=day, seconds=seconds) for seconds in counts), ignore_conflicts=True
    )
    rows = list(PublicationDelay.objects.filter(day=day, seconds__in=counts))
    for row in rows:
        row.datapoints = F("datapoints") + counts[row.seconds]
    PublicationDelay.objects.bulk_update(rows, ["datapoints"])


def _bucket(delay: timedelta) -> int:
    return BUCKETS[min(bisect_left(BUCKETS, delay.total_seconds()), len(BUCKETS) - 1)]
