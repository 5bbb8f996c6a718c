"""When a breakout's bytes count, and until when they are complete: pure functions of values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE = 60


def floor_to(moment: datetime, seconds: int = MINUTE) -> datetime:
    """The start of the period (minute, hour, day of UTC) that `moment` lies in."""
    since = int(moment.timestamp())
    return datetime.fromtimestamp(since - since % seconds, tz=UTC)


def ceil_to(moment: datetime, seconds: int = MINUTE) -> datetime:
    """The first start of a period that is not before `moment`."""
    floor = floor_to(moment, seconds)
    return floor if floor == moment else floor + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Window:
    """The whole minutes that one attachment touches, tail included. `end` None: still open.

    `read_at`: the last collection that reached up to then; `settled`: read in full, and done with.
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
        """Minutes before this were read at least `final_after` after they ended; None: none were."""
        if self.settled:
            return self.end
        if self.read_at is None:
            return None
        until = floor_to(self.read_at - final_after)
        until = until if self.end is None else min(until, self.end)
        return until if until > self.start else None

    def due(self, now: datetime, final_after: timedelta, *, full: bool) -> tuple[datetime, datetime] | None:
        """What to ask for now: all of it, or only the minutes that may still have changed. None: nothing."""
        start = self.start
        if not full and self.read_at is not None:
            start = max(start, floor_to(self.read_at - final_after))
        end = ceil_to(now) if self.end is None else min(self.end, ceil_to(now))
        return (start, end) if start < end else None


def complete_until(windows: Iterable[Window], final_after: timedelta) -> datetime | None:
    """Up to when all of a breakout's minutes are believed complete, over its attachments in order."""
    until: datetime | None = None
    for window in sorted(windows, key=lambda each: each.start):
        reached = window.complete(final_after)
        if reached is None:
            return until
        until = reached if until is None else max(until, reached)
        if window.end is None or reached < window.end:
            return until
    return until


def last_end(windows: Iterable[Window]) -> datetime | None:
    """The end of the last window; None while one is open or there is none."""
    ends = [window.end for window in windows]
    closed = [end for end in ends if end is not None]
    return max(closed) if closed and len(closed) == len(ends) else None
