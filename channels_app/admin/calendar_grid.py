"""The calendar's cells: shows beside their channels, and gaps with the address that plans into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import dateformat
from django.utils.translation import gettext as _

from channels_app.admin import badges
from channels_app.admin.calendar_place import Place
from channels_app.admin.facts import page_of
from channels_app.decide import calendar as layout
from channels_app.decide.calendar import DAY, HOUR, Day
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.services.calendar import CalendarShow
from streamhub.console.badges import Badge, troubled

# The first hour that a week's page proposes in an empty day.
MORNING = 9


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
                "label": dateformat.format(day.date, "D d M"),
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
        until = _("no planned end") if show.open_ended else self._time(ends, begins)
        utc = _("no planned end") if show.open_ended else self._time(show.ends.astimezone(UTC), show.begins)
        return Entry(
            row,
            page_of(row),
            badge,
            row.state,
            times=_("%(begins)s to %(until)s") % {"begins": f"{begins:%H:%M}", "until": until},
            utc=_("%(begins)s to %(utc)s UTC")
            % {"begins": f"{show.begins.astimezone(UTC):%Y-%m-%d %H:%M}", "utc": utc},
            utc_times=_("%(begins)s to %(utc)s UTC")
            % {"begins": f"{show.begins.astimezone(UTC):%H:%M}", "utc": utc},
            overlaps=overlaps,
            now=row.state in ON_AIR,
        )

    @staticmethod
    def _time(moment: datetime, after: datetime) -> str:
        """The time, with its day if that is another one."""
        return f"{moment:%H:%M}" if moment.date() == after.date() else dateformat.format(moment, "D d M H:i")

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
        label = _("Plan on %(name)s, %(local)s (%(begins)s UTC)") % {
            "name": channel.name,
            "local": dateformat.format(local, "D d M H:i T"),
            "begins": f"{begins:%H:%M}",
        }
        return Square(rows, plan_url=url, label=label, text=f"{local:%H:%M}")
