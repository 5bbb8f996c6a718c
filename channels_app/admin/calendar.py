"""The calendar's page: who is on air when, by day or week, beside their channels. A gap leads to planning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import dateformat
from django.utils.translation import gettext as _

from channels_app.admin import badges, first_steps
from channels_app.admin.calendar_grid import Grid
from channels_app.admin.calendar_place import Place, place_of
from channels_app.decide.calendar import DAY, Day
from channels_app.services import zone_names
from channels_app.services.calendar import calendar_page
from streamhub.clock import database_now
from streamhub.console.pages import fragments

MOST_CHANNELS = {"day": 8, "week": 25}


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
        raise PermissionDenied(_("Your role may not see breakouts."))


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
    links = _links(place, now)
    of_one = place.channel is not None
    context = {
        "place": place,
        "grid": grid.of_day(days[0]) if place.view == "day" else grid.of_week(days),
        "title": _title(place, days),
        "links": links,
        "empty": first_steps.deleted_channel(f"?{links['all']}")
        if of_one
        else first_steps.no_channel(request),
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
        return dateformat.format(first, "l, d F Y")
    return _("%(first)s to %(last)s, week %(week)s") % {
        "first": dateformat.format(first, "d F"),
        "last": dateformat.format(last, "d F Y"),
        "week": first.isocalendar().week,
    }


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


URLS = (
    path("calendar/", admin.site.admin_view(page), name="calendar"),
    path("calendar/live/", admin.site.admin_view(fragment), name="calendar_live"),
)
