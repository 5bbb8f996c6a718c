"""The control room: all that is needed to run one show, on one page, and nothing else.

The page refreshes itself by one fragment. Without scripts it is complete, and its verbs are links.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from channels_app import ingest, preview, turns
from channels_app.admin import encoders, room_buttons, show_line
from channels_app.admin import playback as playback_pages
from channels_app.admin.alarms import CHANNEL_ERROR
from channels_app.admin.facts import FOR_OPERATORS, may_see_ingest
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import PUSH_TYPES
from channels_app.traffic import traffic_of
from streamhub.alerts import alarms
from streamhub.alerts.alarms import Shown
from streamhub.console import banner, bar_chart
from streamhub.console.pages import fragments
from streamhub.console.resource_base import ResourceBase
from streamhub.console.verbs import Offer
from streamhub.contributions import contributed
from streamhub.lifecycle.expectation import expected
from streamhub.lifecycle.models import Transition

FROM = "control"
SUFFIX = f"?from={FROM}"
LOG_LINES = 25


def urls(admin: ResourceBase) -> list[Any]:
    return [
        path("<int:object_id>/control/", admin.own(page), name="channels_app_breakout_control"),
        path("<int:object_id>/control/live/", admin.own(fragment), name="channels_app_breakout_control_live"),
    ]


def url_of(show: Breakout) -> str:
    return reverse("admin:channels_app_breakout_control", args=[show.pk])


def page(admin: ResourceBase, request: HttpRequest, object_id: int) -> HttpResponse:
    """GET only: what changes something has a page of its own."""
    row = admin.found(request, object_id)
    if row is None:
        return admin.gone(request, object_id)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    context = admin.page_context(
        request, row, title=_("Control room: %(row)s") % {"row": row}, live=_live(admin, request, row)
    )
    return TemplateResponse(request, "channels_app/control_room.html", context)


def fragment(admin: ResourceBase, request: HttpRequest, object_id: int) -> HttpResponse:
    """The page's content alone, for the refresh."""
    row = admin.found(request, object_id)
    if row is None:
        context = {"kind": Breakout.KIND, "list_url": admin.url("changelist")}
        return fragments.answer(request, "gone", render_to_string("console/gone.html", context))
    live = _live(admin, request, row)
    return fragments.answer(request, live["version"], render_to_string("console/live.html", {"live": live}))


def _live(admin: ResourceBase, request: HttpRequest, row: Breakout) -> dict[str, Any]:
    badge = admin.badge(row)
    content = render_to_string("channels_app/control_room_live.html", _context(admin, request, row))
    return {
        "content": content,
        "version": fragments.version(content),
        "url": admin.url("control_live", row.pk),
        "every": fragments.every(badge.moving),
    }


def _context(admin: ResourceBase, request: HttpRequest, row: Breakout) -> dict[str, Any]:
    channel, on_air = row.channel, row.state in ON_AIR
    seen, error = _alarms(request, row), row.shown_error
    minutes = traffic_of([row]).get(row.pk, [])
    line = show_line.line_of(row, minutes)
    awaited = expected(channel) if channel is not None else None
    badge = admin.badge(row)
    return {
        "row": row,
        "badge": badge,
        "word": badge.word or row.state,
        "read_at": admin.read_at(row),
        "error": error,
        "error_alarm": _telling(error, seen),
        "alarms": seen,
        "count": len(seen),
        "may": banner.verbs_of(request),
        "here_url": admin.url("control", row.pk),
        "line": line,
        "on_air": on_air,
        "turn": turns.turn_of(channel) if channel is not None and on_air else "",
        "awaited": str(awaited) if awaited else "",
        "buttons": room_buttons.buttons(_offers(admin, request, row), admin.situation(row), SUFFIX),
        "page_url": admin.url("change", row.pk),
        "channel_url": reverse("admin:channels_app_channel_change", args=[channel.pk]) if channel else "",
        "ingest": _ingest(request, channel),
        "preview": _preview(request, row),
        "charts": _charts(minutes),
        "figures": [fact for make in contributed("room_figures") if (fact := make(request, row))],
        "log": _log(row),
        "log_url": f"{admin.url('change', row.pk)}#timeline",
    }


def _offers(admin: ResourceBase, request: HttpRequest, row: Breakout) -> list[Offer]:
    """The show's verbs and, while it is on air, those of its channel that belong to it."""
    offers = admin.offers(request, row)
    if row.channel is None or row.state not in ON_AIR:
        return offers
    of_channel = admin.admin_site._registry[Channel].offers(request, row.channel)
    return offers + [offer for offer in of_channel if offer.verb.name in room_buttons.OF_CHANNEL]


def _alarms(request: HttpRequest, row: Breakout) -> list[Shown]:
    """The show's own and, while it is on air, its channel's and its distribution's; each once."""
    rows: list[Any] = [row]
    if row.channel is not None and row.state in ON_AIR:
        rows += [row.channel, *([row.channel.distribution] if row.channel.distribution else [])]
    found = {item.condition.key: item for each in rows for item in alarms.of(each, request.user)}
    about = {(each.KIND, str(each.pk)) for each in rows}
    for item in banner.of_request(request) or ():
        if (item.condition.kind, item.condition.object_id) in about and not item.condition.blind:
            found.setdefault(item.condition.key, item)
    return sorted(found.values(), key=lambda item: (item.calm, not item.critical, item.since))


def _telling(error: Any, shown: list[Shown]) -> Shown | None:
    """The alarm that tells the error, with its details and its verb; None if none does."""
    key = CHANNEL_ERROR, error.KIND, str(error.pk)
    return next((item for item in shown if error.error_code and item.condition.key == key), None)


def _ingest(request: HttpRequest, channel: Channel | None) -> dict[str, Any]:
    """Where the encoder sends, for people who run shows; else a sentence."""
    if channel is None:
        return {"said": _("The channel is deleted.")}
    if channel.input_type not in PUSH_TYPES:
        return {"said": _("MediaLive pulls from the source, so there is nothing to push to.")}
    if not may_see_ingest(request.user):
        return {"said": FOR_OPERATORS}
    found = encoders.destinations(ingest.ingest_of(channel))
    return (
        {"destinations": found}
        if found
        else {"said": _("There is no address yet: the input is being created.")}
    )


def _preview(request: HttpRequest, row: Breakout) -> dict[str, Any]:
    return {
        "preview": preview.of_breakout(row),
        "may_sign": request.user.has_perm(playback_pages.PERMISSION),
        "sign_url": reverse("admin:channels_app_breakout_sign", args=[row.pk]),
    }


def _charts(minutes: list[Any]) -> list[dict[str, Any]]:
    """Bytes and requests of the last hour; none before CloudFront has published a minute."""
    kinds = ((_("Bytes"), "bytes", "bytes_downloaded"), (_("Requests"), _("requests"), "requests"))
    drawn = [
        (title, unit, bar_chart.chart([_value(each, getattr(each, column)) for each in minutes]))
        for title, unit, column in kinds
    ]
    return [{"title": title, "unit": unit, "chart": chart} for title, unit, chart in drawn if chart]


def _value(minute: Any, amount: int) -> bar_chart.Value:
    return bar_chart.Value(minute.start, amount, hollow=minute.provisional)


def _log(row: Breakout) -> list[Transition]:
    """The newest transitions of the show and, since it was planned, of its channel."""
    own = Transition.objects.filter(resource_type=Breakout.KIND, resource_id=row.pk).order_by("-id")
    entries = list(own[:LOG_LINES])
    if row.channel_id and row.state not in (State.IDLE, State.COMPLETED, State.CANCELLED):
        its = Transition.objects.filter(resource_type=Channel.KIND, resource_id=row.channel_id)
        since = row.session_started_at or row.state_since
        oldest = min([entry.at for entry in entries if entry.to_state == State.STARTING], default=since)
        entries += [entry for entry in its.order_by("-id")[:LOG_LINES] if entry.at >= oldest]
    return sorted(entries, key=lambda entry: -entry.pk)[:LOG_LINES]
