"""When a window is read: pure functions of values.

`quiet` is how long figures must stay unchanged before they are final. It follows how late CloudFront
publishes, and so do the moments of reading. With an hour of it, a window is read about 5, 25 and 125 minutes
after its start while it is open; 5, 15 and 30 minutes after its end; and an hour after its end or its last
change.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from billing.usage_window import Window

FIRST = 12  # the first read comes after this part of `quiet`
LIVE_FACTOR = 5
AFTER_END = (12, 4, 2)


def first_read(window: Window, quiet: timedelta) -> datetime:
    """When a window is first read, and first after its end."""
    return (window.start if window.end is None else window.end) + quiet / FIRST


def next_read(window: Window, now: datetime, quiet: timedelta, changed_at: datetime | None) -> datetime:
    """When a window that was read at `now` is read next, if it is not settled.

    `changed_at`: when one of its figures last changed.
    """
    if window.end is None:
        return next(moment for moment in _growing(window.start, quiet / FIRST, LIVE_FACTOR) if moment > now)
    planned = [window.end + quiet / part for part in AFTER_END]
    planned.append(confirmed_at(window.end, quiet, changed_at))
    for moment in planned:
        if moment > now:
            return moment
    return next(moment for moment in _growing(window.end, quiet, 2) if moment > now)


def confirmed_at(end: datetime, quiet: timedelta, changed_at: datetime | None) -> datetime:
    """The earliest moment at which a read that brings nothing new makes the figures of a window final."""
    return max(end, changed_at or end) + quiet


def _growing(start: datetime, step: timedelta, factor: int) -> Iterator[datetime]:
    step = max(step, timedelta(seconds=1))
    while True:
        yield start + step
        step *= factor
