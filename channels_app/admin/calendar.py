"""The calendar: who is on air when, by day or week, beside their channels. A gap leads to planning in it.

Everything is in the address: `view`, `day` (or `at`, a moment in UTC), `zone`, `channel`, `from` (the number of the first channel).
Without a zone there it is the browser's, which the console's script keeps in a cookie; without that, UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse

from channels_app.admin import badges
from channels_app.admin.facts import page_of
from channels_app.decide import calendar as layout
from channels_app.decide.calendar import DAY, HOUR, Day
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.services import zone_names
from channels_app.services.calendar import CalendarShow, calendar_page
from streamhub.clock import database_now
from streamhub.console.badges import Badge, troubled
from streamhub.console.pages import fragments
from streamhub.row_ids import row_id

VIEWS = ("day", "week")
MOST_CHANNELS = {"day": 8, "week": 25}
ZONE_COOKIE = "sh_zone"
# The first hour that a week's page proposes in an empty day.
MORNING = 9


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


def page(request: HttpRequest) -> HttpResponse:
    """GET only: the page changes nothing."""
    _require(request)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    context = {**admin.site.each_context(request), "title": "Calendar", "live": _live(request)}
    return TemplateResponse(request, "console/health.html", context)


def fragment(request: HttpRequest) -> HttpResponse:
    """The page's content alone, for the refresh."""
    _require(request)
    live = _live(request)
    return fragments.answer(request, live["version"], render_to_string("console/live.html", {"live": live}))


def _require(request: HttpRequest) -> None:
    if not request.user.has_perm("channels_app.view_breakout"):
        raise PermissionDenied("Your role may not see breakouts.")


def _live(request: HttpRequest) -> dict[str, Any]:
    now = database_now()
    place = place_of(request, now)
    days = place.days
    most = MOST_CHANNELS[place.view]
    found = calendar_page(
        days[0].begins, days[-1].ends, now, first=place.first, most=most, channel=place.channel
    )
    may_plan = request.user.has_perm("channels_app.add_breakout")
    grid = Grid(place, now, found.shows, found.channels, may_plan)
    context = {
        "place": place,
        "grid": grid.of_day(days[0]) if place.view == "day" else grid.of_week(days),
        "title": _title(place, days),
        "links": _links(place, now),
        "zones": zone_names(),
        "channels": found.channels,
        "earlier": place.query(**{"from": max(0, place.first - most) or None}) if place.first else "",
        "later": place.query(**{"from": place.first + most}) if found.more_channels else "",
        "left_out": found.left_out,
        "elsewhere": grid.elsewhere(),
        "only": found.channels[0] if place.channel is not None and found.channels else None,
        "legend": [(badge, state.value) for state, badge in badges.BREAKOUT.items() if state != "cancelled"],
    }
    content = render_to_string("channels_app/calendar.html", context)
    moving = any(show.breakout.state in badges.BREAKOUT_MOVING for show in found.shows)
    return {
        "content": content,
        "version": fragments.version(content),
        "url": f"{reverse('admin:calendar_live')}?{place.query()}",
        "every": fragments.every(moving),
    }


def _title(place: Place, days: Sequence[Day]) -> str:
    first, last = days[0].date, days[-1].date
    if place.view == "day":
        return f"{first:%A, %d %B %Y}"
    return f"{first:%d %B} to {last:%d %B %Y}, week {first.isocalendar().week}"


def _links(place: Place, now: datetime) -> dict[str, str]:
    step = DAY if place.view == "day" else 7 * DAY
    today = now.astimezone(place.info).date()
    fresh: dict[str, Any] = {"from": None}
    return {
        "previous": place.query(day=place.day - step, **fresh),
        "today": place.query(day=today, **fresh),
        "next": place.query(day=place.day + step, **fresh),
        "day": place.query(view="day", **fresh),
        "week": place.query(view="week", **fresh),
        "all": place.query(channel=None, **fresh),
    }


@dataclass(frozen=True)
class Entry:
    """A show as the page shows it. `overlaps`: another one on its channel has a part of its time."""

    row: Breakout
    url: str
    badge: Badge
    word: str
    times: str
    utc: str
    utc_times: str
    overlaps: bool
    now: bool


@dataclass(frozen=True)
class Square:
    """A cell of the page: a show, or a gap with the address that plans into it ("": it is past)."""

    rows: int
    entry: Entry | None = None
    plan_url: str = ""
    label: str = ""
    text: str = ""


class Grid:
    """Shows beside their channels, as rows of cells."""

    def __init__(
        self,
        place: Place,
        now: datetime,
        shows: Sequence[CalendarShow],
        channels: Sequence[Channel],
        may_plan: bool,
    ) -> None:
        self.place, self.now, self.channels, self.may_plan = place, now, channels, may_plan
        self.of_channel: dict[int | None, list[CalendarShow]] = {}
        for show in shows:
            self.of_channel.setdefault(show.breakout.channel_id, []).append(show)

    def shows(self, channel: Channel) -> list[CalendarShow]:
        return self.of_channel.get(channel.pk, [])

    def elsewhere(self) -> list[Entry]:
        """The shows whose channels are deleted."""
        return self.entries(self.of_channel.get(None, []))

    def of_day(self, day: Day) -> dict[str, Any]:
        """`columns`: the channels with how many lanes each has; `rows`: times with their cells."""
        near = {channel.pk: self._on(day, self.shows(channel)) for channel in self.channels}
        cuts = layout.cuts(day, [show for shows in near.values() for show in shows])
        hours = set(layout.full_hours(day))
        rows: list[dict[str, Any]] = [
            {
                "local": self._clock(cut, day),
                "utc": f"{cut:%H:%M}",
                "hour": cut in hours,
                "now": cut <= self.now < after,
                "cells": [],
            }
            for cut, after in pairwise(cuts)
        ]
        columns = []
        for channel in self.channels:
            shows = near[channel.pk]
            entries = dict(zip(map(id, shows), self.entries(shows), strict=True))
            lanes = layout.lanes(shows)
            columns.append({"channel": channel, "url": page_of(channel), "lanes": len(lanes)})
            for number, lane in enumerate(lanes):
                for cell in layout.cells(day, lane, cuts):
                    if cell.item is not None:
                        square = Square(cell.rows, entries[id(cell.item)])
                    elif number or any(show.begins <= cell.begins < show.ends for show in shows):
                        square = Square(cell.rows)  # not free, or the first lane has the link
                    else:
                        square = self._gap(channel, cell.begins, cell.rows)
                    rows[cell.row]["cells"].append(square)
        return {"columns": columns, "rows": rows}

    def of_week(self, days: Sequence[Day]) -> dict[str, Any]:
        """`days`: the head; `rows`: the channels, each with its days' shows and the first free hour."""
        today = self.now.astimezone(self.place.info).date()
        head = [
            {
                "day": day,
                "label": f"{day.date:%a %d %b}",
                "url": self.place.query(view="day", day=day.date),
                "today": day.date == today,
            }
            for day in days
        ]
        rows = [
            {
                "channel": channel,
                "url": page_of(channel),
                "days": [self._day(channel, day) for day in days],
            }
            for channel in self.channels
        ]
        return {"days": head, "rows": rows}

    def _day(self, channel: Channel, day: Day) -> dict[str, Any]:
        shows = self._on(day, self.shows(channel))
        earliest = max(self.now, day.begins + MORNING * HOUR)
        free = layout.first_free(day, shows, earliest)
        gap = self._gap(channel, free) if free is not None else None
        return {"entries": self.entries(shows), "gap": gap if gap and gap.plan_url else None}

    @staticmethod
    def _on(day: Day, shows: Sequence[CalendarShow]) -> list[CalendarShow]:
        found = [show for show in shows if show.begins < day.ends and day.begins < show.ends]
        return sorted(found, key=lambda show: (show.begins, show.breakout.pk))

    def entries(self, shows: Sequence[CalendarShow]) -> list[Entry]:
        overlap = layout.overlapping(shows)
        return [self._entry(show, number in overlap) for number, show in enumerate(shows)]

    def _entry(self, show: CalendarShow, overlaps: bool) -> Entry:
        row = show.breakout
        badge = badges.BREAKOUT[State(row.state)]
        badge = troubled(badge) if row.shown_error.error_code else badge
        begins, ends = show.begins.astimezone(self.place.info), show.ends.astimezone(self.place.info)
        until = "no planned end" if show.open_ended else self._time(ends, begins)
        utc = "no planned end" if show.open_ended else self._time(show.ends.astimezone(UTC), show.begins)
        return Entry(
            row,
            page_of(row),
            badge,
            row.state,
            times=f"{begins:%H:%M} to {until}",
            utc=f"{show.begins.astimezone(UTC):%Y-%m-%d %H:%M} to {utc} UTC",
            utc_times=f"{show.begins.astimezone(UTC):%H:%M} to {utc} UTC",
            overlaps=overlaps,
            now=row.state in ON_AIR,
        )

    @staticmethod
    def _time(moment: datetime, after: datetime) -> str:
        """The time, with its day if that is another one."""
        return f"{moment:%H:%M}" if moment.date() == after.date() else f"{moment:%a %d %b %H:%M}"

    def _clock(self, moment: datetime, day: Day) -> str:
        """The local time; on a day on which the clocks change, with the zone's abbreviation."""
        changes = day.ends - day.begins != DAY
        return f"{moment.astimezone(self.place.info):{'%H:%M %Z' if changes else '%H:%M'}}"

    def _gap(self, channel: Channel, begins: datetime, rows: int = 1) -> Square:
        if begins < self.now or not self.may_plan:
            return Square(rows)
        local = begins.astimezone(self.place.info)
        given = {"channel": channel.pk, "starts_at": f"{begins:%Y-%m-%dT%H:%M}"}
        given |= {} if self.place.zone == "UTC" else {"time_zone": self.place.zone}
        url = f"{reverse('admin:channels_app_breakout_add')}?{urlencode(given)}"
        label = f"Plan on {channel.name}, {local:%a %d %b %H:%M %Z} ({begins:%H:%M} UTC)"
        return Square(rows, plan_url=url, label=label, text=f"{local:%H:%M}")


def calendar_at(channel: int | None, moment: datetime | None) -> str:
    """The calendar of a channel on the day of a moment, which is another one in another zone."""
    query = {"channel": channel, "at": moment and f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}"}
    return calendar_url(**{name: value for name, value in query.items() if value is not None})


def calendar_url(**query: Any) -> str:
    """The calendar's address, for links from elsewhere."""
    url = reverse("admin:calendar")
    return f"{url}?{urlencode(query)}" if query else url


URLS = (
    path("calendar/", admin.site.admin_view(page), name="calendar"),
    path("calendar/live/", admin.site.admin_view(fragment), name="calendar_live"),
)
