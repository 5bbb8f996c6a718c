"""Live now: every show on air on one page, what is wrong first. Rows come, change and go by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app.admin import badges, control_room, first_steps
from channels_app.admin.show_line import ShowLine, line_of
from channels_app.input_health import with_facts
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.traffic import traffic_of
from streamhub.alerts.alarms import Shown
from streamhub.clock import database_now
from streamhub.console import banner
from streamhub.console.badges import Badge, troubled
from streamhub.console.navigation import Entry
from streamhub.console.pages import fragments
from streamhub.lifecycle.polled_lists import lists_read_at

VIEW = "channels_app.view_breakout"
EVERY_SECONDS = 5
# What no row shows, and takes time to read from JSON: of a show, its channel and its distribution.
UNREAD = ("schedule", "schedule_done", "schedule_trouble", "error_validation")
UNREAD_OF_CHANNEL = (
    "allowed_cidrs",
    "tags",
    "tags_pending",
    "tags_removed",
    "edits_pending",
    "schedule",
    "input_settings",
    "second_settings",
    "error_validation",
    "distribution__config",
    "distribution__tags",
    "distribution__tags_removed",
    "distribution__error_validation",
)
# More than anybody looks at; the list of breakouts pages through the rest.
MOST = 200


@dataclass(frozen=True)
class Row:
    """A show with its line and the alarms about it, its channel and its distribution."""

    show: Breakout
    line: ShowLine
    badge: Badge
    alarms: list[Shown]
    url: str

    @property
    def rank(self) -> tuple[int, float]:
        """What nobody looks after first, then what somebody does, then the longest on air."""
        no_input = self.line.health is not None and self.line.health.ok is False
        bad = no_input or any(not item.calm for item in self.alarms)
        return (0 if bad else 1 if self.alarms else 2, self.show.state_since.timestamp())


def rows_of(request: HttpRequest) -> list[Row]:
    """The shows on air. A constant number of queries."""
    channels = with_facts(Channel.objects.select_related("distribution").defer(*UNREAD_OF_CHANNEL))
    shows = Breakout.objects.filter(state__in=ON_AIR).prefetch_related(Prefetch("channel", channels))
    found = list(shows.defer(*UNREAD).order_by("-state_since", "pk")[:MOST])
    now, traffic, seen = database_now(), traffic_of(found, 20), _by_object(request)
    rows = [
        Row(
            show,
            line_of(show, traffic.get(show.pk, []), now),
            _badge(show),
            [item for each in _concerned(show) for item in seen.get(each, ())],
            control_room.url_of(show),
        )
        for show in found
    ]
    return sorted(rows, key=lambda row: row.rank)


def _badge(show: Breakout) -> Badge:
    badge = badges.BREAKOUT[State(show.state)]
    return troubled(badge) if show.shown_error.error_code else badge


def _by_object(request: HttpRequest) -> dict[tuple[str, str], list[Shown]]:
    seen: dict[tuple[str, str], list[Shown]] = {}
    for item in banner.of_request(request) or ():
        seen.setdefault((item.condition.kind, item.condition.object_id), []).append(item)
    return seen


def _concerned(show: Breakout) -> list[tuple[str, str]]:
    """The objects whose alarms are the show's."""
    rows: list[Any] = [show, show.channel, show.channel and show.channel.distribution]
    return [(row.KIND, str(row.pk)) for row in rows if row is not None]


def page(request: HttpRequest) -> HttpResponse:
    """GET only: the page changes nothing."""
    _require(request)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    context = {**admin.site.each_context(request), "title": gettext("Live now"), **_context(request)}
    return TemplateResponse(request, "channels_app/live_now.html", context)


def fragment(request: HttpRequest) -> HttpResponse:
    """The rows alone, for the refresh."""
    _require(request)
    context = _context(request)
    html = render_to_string("channels_app/live_now_rows.html", context)
    return fragments.answer(request, context["poller"]["version"], html)


def _require(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied(gettext("Your role may not see shows."))


def _context(request: HttpRequest) -> dict[str, Any]:
    rows = rows_of(request)
    empty = None if rows else first_steps.nothing_on_air(request)
    table = render_to_string("channels_app/live_now_table.html", {"rows": rows, "empty": empty})
    read_at = lists_read_at(Channel)
    poller = {
        "url": reverse("admin:live_now_rows"),
        "every": EVERY_SECONDS,
        "read_at": read_at,
        "version": fragments.version(f"{read_at} {table}"),
    }
    return {"table": table, "count": len(rows), "poller": poller}


ENTRY = Entry(90, _("Live"), _("Live now"), "sensors", url_name="admin:live_now", permission=VIEW)


def _urls() -> list[Any]:
    view = admin.site.admin_view
    return [
        path("live/", view(page), name="live_now"),
        path("live/rows/", view(fragment), name="live_now_rows"),
    ]


URLS = _urls()
