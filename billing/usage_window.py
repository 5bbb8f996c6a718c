"""When a breakout's bytes count and until when they are complete: pure functions of values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE = 60
DAY = 86_400


def floor_to(moment: datetime, seconds: int = MINUTE) -> datetime:
    """The start of the period (minute, hour, day of UTC) that `moment` lies in."""
    since = int(moment.timestamp())
    return datetime.fromtimestamp(since - since % seconds, tz=UTC)


def ceil_to(moment: datetime, seconds: int = MINUTE) -> datetime:
    """The start of the first period that does not begin before `moment`."""
    floor = floor_to(moment, seconds)
    return floor if floor == moment else floor + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Window:
    """The whole minutes of one attachment, including the tail. `end` None: still open.

    `read_at`: the moment up to which it was last read in full. `settled`: it is complete; not read again.
    """

    start: datetime
    end: datetime | None
    read_at: datetime | None = None
    settled: bool = False

    @classmethod
    def of(
        cls,
        started_at: datetime,
        ended_at: datetime | None,
        tail: timedelta,
        read_at: datetime | None = None,
        settled: bool = False,
    ) -> Window:
        end = None if ended_at is None else ceil_to(ended_at + tail)
        return cls(floor_to(started_at), end, read_at, settled)

    def complete(self, final_after: timedelta) -> datetime | None:
        """The end of the minutes that were read at least `final_after` after they ended; None: none were."""
        if self.settled:
            return self.end
        if self.read_at is None:
            return None
        until = floor_to(self.read_at - final_after)
        until = until if self.end is None else min(until, self.end)
        return until if until > self.start else None

    def to_read(
        self, now: datetime, final_after: timedelta, *, full: bool
    ) -> tuple[datetime, datetime] | None:
        """The start and end to read now: all (`full`), or what may have changed since. None: nothing."""
        start = self.start
        if not full and self.read_at is not None:
            start = max(start, floor_to(self.read_at - final_after))
        end = ceil_to(now) if self.end is None else min(self.end, ceil_to(now))
        return (start, end) if start < end else None


def complete_until(windows: Iterable[Window], final_after: timedelta) -> datetime | None:
    """Until when the minutes of all windows are complete, from the first window on; None: not at all."""
    until: datetime | None = None
    for window in sorted(windows, key=lambda window: window.start):
        reached = window.complete(final_after)
        if reached is None:
            return until
        until = reached if until is None else max(until, reached)
        if window.end is None or reached < window.end:
            return until
    return until


def last_end(windows: Iterable[Window]) -> datetime | None:
    """The end of the last window; None if one is open or there are none."""
    ends = [window.end for window in windows]
    closed = [end for end in ends if end is not None]
    return max(closed) if closed and len(closed) == len(ends) else None
