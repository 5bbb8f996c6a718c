"""Which hours are read from CloudWatch when, and which are final: functions of values.

An hour is read a quarter of an hour after its end, and once more a day after it, for what came late; then it
is final. That makes two reads of each metric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from billing.usage_window import floor_to

HOUR = timedelta(hours=1)
HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
READS_AFTER = (timedelta(minutes=15), timedelta(days=1))  # after the end of the hour


def read_due(hour: datetime, read_at: datetime | None, now: datetime) -> bool:
    """Whether a read of the hour, last read at `read_at`, is due."""
    moments = [hour + HOUR + after for after in READS_AFTER]
    return any(moment <= now and (read_at is None or read_at < moment) for moment in moments)


def is_final(hour: datetime, read_at: datetime | None) -> bool:
    """Whether it was read for the last time."""
    return read_at is not None and read_at >= hour + HOUR + READS_AFTER[-1]


def hours_to_read(
    first: datetime, read: Mapping[datetime, datetime], now: datetime, most: int
) -> list[datetime]:
    """The hours since `first` whose read is due, the newest first, so that a backlog delays only itself."""
    return [hour for hour in _back(now, first) if read_due(hour, read.get(hour), now)][:most]


def hours_open(now: datetime) -> list[datetime]:
    """The hours that nothing is read of yet: the present one, and the one before until it is."""
    present = floor_to(now, HOUR_SECONDS)
    return [present, *([present - HOUR] if not read_due(present - HOUR, None, now) else [])]


def _back(now: datetime, first: datetime) -> Iterator[datetime]:
    hour = floor_to(now, HOUR_SECONDS)
    while hour >= floor_to(first, HOUR_SECONDS):
        yield hour
        hour -= HOUR
