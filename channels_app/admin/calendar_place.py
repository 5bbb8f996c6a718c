"""Where the calendar is: the parameters of its address, and the addresses of other days.

`view`, `day` (or `at`, a moment in UTC), `zone`, `channel`, `from` (the number of the first channel). Without
a zone there it is the browser's, which the console's script keeps in a cookie; without that, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse

from channels_app.decide import calendar as layout
from channels_app.decide.calendar import Day
from channels_app.services import zone_names
from streamhub.row_ids import row_id

VIEWS = ("day", "week")
ZONE_COOKIE = "sh_zone"


@dataclass(frozen=True)
class Place:
    """What the calendar shows: the parameters of its address, checked."""

    view: str
    day: date
    zone: str
    channel: int | None
    first: int

    @property
    def info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def days(self) -> list[Day]:
        """Raises OverflowError."""
        return [layout.day_of(self.day, self.info)] if self.view == "day" else self.week

    @property
    def week(self) -> list[Day]:
        return layout.week_of(self.day, self.info)

    def query(self, **other: Any) -> str:
        """The address of this place, or of one that differs from it."""
        found = {"view": self.view, "day": self.day, "zone": self.zone, "from": self.first or None}
        found |= {"channel": self.channel, **other}
        return urlencode({name: value for name, value in found.items() if value is not None})


def place_of(request: HttpRequest, now: datetime) -> Place:
    """What the address asks for. What makes no sense is as if left out."""
    given = request.GET
    zone = next(
        (name for name in (given.get("zone"), request.COOKIES.get(ZONE_COOKIE)) if name in zone_names()),
        "UTC",
    )
    assert zone is not None  # noqa: S101  for mypy: it is one of the names
    today = now.astimezone(ZoneInfo(zone)).date()
    try:
        at = given.get("at", "")
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None
        day = moment.astimezone(ZoneInfo(zone)).date() if moment else date.fromisoformat(given.get("day", ""))
        day = day if 2000 <= day.year <= 2199 else today
    except (ValueError, OverflowError):
        day = today
    first = row_id(given.get("from", "")) or 0
    view = given.get("view", "")
    return Place(view if view in VIEWS else "day", day, zone, row_id(given.get("channel", "")), first)


def calendar_at(channel: int | None, moment: datetime | None) -> str:
    """The calendar of a channel on the day of a moment, which is another one in another zone."""
    query = {"channel": channel, "at": moment and f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}"}
    return calendar_url(**{name: value for name, value in query.items() if value is not None})


def calendar_url(**query: Any) -> str:
    """The calendar's address, for links from elsewhere."""
    url = reverse("admin:calendar")
    return f"{url}?{urlencode(query)}" if query else url
