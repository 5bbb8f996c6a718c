"""The calendar's time and places: days in a zone, lanes of overlapping shows, cells between cuts.

Pure functions. Moments are aware and in UTC; a day is that of a named zone, so it may have 23 or 25 hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Interval(Protocol):
    """Something with a beginning and an end."""

    @property
    def begins(self) -> datetime: ...

    @property
    def ends(self) -> datetime: ...


I = TypeVar("I", bound=Interval)  # noqa: E741


@dataclass(frozen=True)
class Day:
    """A day of a zone's calendar, with its first moment and the first one after it."""

    date: date
    begins: datetime
    ends: datetime


def day_of(day: date, zone: ZoneInfo) -> Day:
    """Raises OverflowError at the ends of the calendar."""
    return Day(day, _midnight(day, zone), _midnight(day + DAY, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def week_of(day: date, zone: ZoneInfo) -> list[Day]:
    """The seven days from Monday on in whose week the day is."""
    monday = day - day.weekday() * DAY
    return [day_of(monday + number * DAY, zone) for number in range(7)]


def full_hours(day: Day) -> list[datetime]:
    """Every hour of the day from its first moment, in real time: 23 or 25 when the clocks change."""
    count = -(-(day.ends - day.begins) // HOUR)  # rounded up: some zones change by half an hour
    return [day.begins + number * HOUR for number in range(count)]


def overlapping(items: Sequence[I]) -> set[int]:
    """The indexes of the items that overlap with another one."""
    found: set[int] = set()
    for n, one in enumerate(items):
        for m in range(n + 1, len(items)):
            if one.begins < items[m].ends and items[m].begins < one.ends:
                found |= {n, m}
    return found


def lanes(items: Iterable[I]) -> list[list[I]]:
    """The items in as few lanes as they need, so that those of one lane do not overlap. One lane at least."""
    found: list[list[I]] = []
    for item in sorted(items, key=lambda each: (each.begins, each.ends)):
        free = next((lane for lane in found if lane[-1].ends <= item.begins), None)
        if free is None:
            found.append([item])
        else:
            free.append(item)
    return found or [[]]


def cuts(day: Day, items: Iterable[Interval]) -> list[datetime]:
    """Where rows of the day begin, and the day's end: every full hour, and where an item begins or ends."""
    edges = {edge for item in items for edge in (item.begins, item.ends) if day.begins < edge < day.ends}
    return sorted({*full_hours(day), *edges, day.ends})


@dataclass(frozen=True)
class Cell(Generic[I]):
    """A cell of one lane: an item, or a gap (`item` None). `row`: the row in which it begins."""

    row: int
    rows: int
    begins: datetime
    item: I | None


def cells(day: Day, lane: Sequence[I], rows: Sequence[datetime]) -> list[Cell[I]]:
    """The lane of a day from its first row to its last; a gap ends at each full hour."""
    hours = full_hours(day)
    at = {cut: number for number, cut in enumerate(rows)}
    found: list[Cell[I]] = []

    def add(begins: datetime, ends: datetime, item: I | None) -> None:
        found.append(Cell(at[begins], at[ends] - at[begins], begins, item))

    free = day.begins
    for item in lane:
        begins, ends = max(item.begins, day.begins), min(item.ends, day.ends)
        for gap in _gaps(free, begins, hours):
            add(*gap, None)
        add(begins, ends, item)
        free = ends
    for gap in _gaps(free, day.ends, hours):
        add(*gap, None)
    return found


def _gaps(begins: datetime, ends: datetime, hours: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    edges = [begins, *(hour for hour in hours if begins < hour < ends), ends] if begins < ends else []
    yield from pairwise(edges)


def first_free(day: Day, items: Iterable[Interval], earliest: datetime) -> datetime | None:
    """The first full hour of the day, from `earliest` on, that no item takes; None: there is none."""
    taken = list(items)
    for hour in full_hours(day):
        if hour >= earliest and not any(item.begins < hour + HOUR and hour < item.ends for item in taken):
            return hour
    return None
