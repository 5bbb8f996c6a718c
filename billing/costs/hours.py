"""The hours that AWS bills: functions of values.

A run is billed by the minute, rounded up, 10 minutes at least; idle time as it is ("MediaLive pricing").
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

LEAST_MINUTES = 10
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


def run_minutes(start: datetime, end: datetime) -> int:
    """The billed minutes of a run."""
    return max(LEAST_MINUTES, -(-(end - start) // _MINUTE))


def run_hours(start: datetime, end: datetime) -> Decimal:
    return Decimal(run_minutes(start, end)) / 60


def hours_within(start: datetime, end: datetime, since: datetime, till: datetime, *, run: bool) -> Decimal:
    """The billed hours between `since` and `till`; parts of a run get their share of its minutes."""
    inside = min(end, till) - max(start, since)
    if inside <= timedelta(0):
        # A run of no length is billed where it began.
        return run_hours(start, end) if run and start == end and since <= start < till else Decimal(0)
    hours = Decimal(inside // timedelta(microseconds=1)) / Decimal(_HOUR // timedelta(microseconds=1))
    if not run:
        return hours
    return run_hours(start, end) * Decimal(inside / (end - start))
