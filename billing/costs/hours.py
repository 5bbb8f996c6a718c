"""The hours that AWS bills: functions of values.

A run is billed by the minute, rounded up, 10 minutes at least; idle time as it is ("MediaLive pricing").
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

LEAST_MINUTES = 10
_MINUTE, _HOUR, _MICROSECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(microseconds=1)


def run_minutes(start: datetime, end: datetime) -> int:
    """The billed minutes of a run."""
    return max(LEAST_MINUTES, -(-(end - start) // _MINUTE))


def run_hours(start: datetime, end: datetime) -> Decimal:
    return Decimal(run_minutes(start, end)) / 60


def hours_within(start: datetime, end: datetime, since: datetime, till: datetime, *, run: bool) -> Decimal:
    """The billed hours between `since` and `till`. What a run is rounded up by is billed where it ends.

    So the hours before it ends stay as they are while it goes on, and all parts add up to what is billed.
    """
    inside = hours_between(max(start, since), min(end, till))
    ends_here = since < end <= till or (start == end and since <= start < till)
    if not run or not ends_here:
        return inside
    return inside + run_hours(start, end) - hours_between(start, end)


def hours_between(start: datetime, end: datetime) -> Decimal:
    """The exact hours from `start` to `end`; 0 if it is not later."""
    return Decimal(max(timedelta(0), end - start) // _MICROSECOND) / Decimal(_HOUR // _MICROSECOND)
