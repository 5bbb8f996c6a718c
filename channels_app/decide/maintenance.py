"""MediaLive's weekly maintenance window, and where it disturbs no planned show. Pure.

A window is two hours, begins on the hour, in UTC, on a day of the week. In it MediaLive may stop a single
pipeline for some minutes ("Managing channel maintenance", AWS_RULES 40).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
HOURS_A_WEEK = 7 * 24
LENGTH = timedelta(hours=2)
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Show:
    """A planned show, from `begin` to `end` (aware UTC)."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Window:
    """A weekly window: one of `DAYS`, and the hour at which it begins."""

    day: str
    hour: int

    @property
    def start(self) -> str:
        """The hour as AWS writes it."""
        return f"{self.hour:02}:00"

    @property
    def text(self) -> str:
        """As a column holds it: "THURSDAY 04:00"."""
        return f"{self.day} {self.start}"

    def __str__(self) -> str:
        end = (self.hour + LENGTH // timedelta(hours=1)) % 24
        return f"{self.day.capitalize()}s {self.start} to {end:02}:00 UTC"

    def disturbs(self, show: Show) -> bool:
        """Whether the window overlaps the show in any week."""
        begin = self._begin_before(show.begin)
        return begin + LENGTH > show.begin or begin + WEEK < show.end

    def _begin_before(self, moment: datetime) -> datetime:
        """The last beginning of the window that is not after `moment`."""
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        begin = midnight + timedelta(days=DAYS.index(self.day) - moment.weekday(), hours=self.hour)
        return begin if begin <= moment else begin - WEEK


def window_of(text: str) -> Window | None:
    """The window of a column's text; None if it has none that we know."""
    day, _, start = text.partition(" ")
    hour = start.partition(":")[0]
    return Window(day, int(hour)) if day in DAYS and hour.isdigit() and int(hour) < 24 else None


def clash(window: Window | None, shows: Iterable[Show]) -> Show | None:
    """The first show that the window may disturb."""
    if window is None:
        return None
    return next((show for show in sorted(shows, key=lambda each: each.begin) if window.disturbs(show)), None)


def free_window(window: Window, shows: Iterable[Show]) -> Window | None:
    """The nearest later window that disturbs no show; None if every hour of the week is taken."""
    shows = list(shows)
    first = DAYS.index(window.day) * 24 + window.hour
    for hour in range(first, first + HOURS_A_WEEK):
        candidate = Window(DAYS[hour // 24 % 7], hour % 24)
        if clash(candidate, shows) is None:
            return candidate
    return None
