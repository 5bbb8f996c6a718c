"""The banner on every page: what StreamHub cannot see or do, since when, and the remedy.

It reads the live conditions, so that it is true when no worker is alive to store an alarm, and it refreshes
itself, also on pages whose content does not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from streamhub.alerts import alarms
from streamhub.alerts.alarms import Shown
from streamhub.alerts.models import Alarm
from streamhub.console import environment
from streamhub.console.pages import fragments
from streamhub.console.saved_views import list_url
from streamhub.lifecycle import unread

EVERY_SECONDS = 10
SHOWN = 2


def context(request: HttpRequest) -> dict[str, Any]:
    """Unfold's hook for every page: the band, and for staff the banner. The dashboard lists alarms itself."""
    user = request.user
    here = {"here": environment.environment(), "may_see_environment": environment.may_see(user)}
    return here if not (user.is_authenticated and user.is_staff) else {**here, "banner": live(request)}


def of_request(request: HttpRequest) -> list[Shown] | None:
    """The alarms that the user may see, read once for each request."""
    if not hasattr(request, "streamhub_alarms"):
        request.streamhub_alarms = alarms.current(request.user)  # type: ignore[attr-defined]
    return request.streamhub_alarms  # type: ignore[attr-defined,no-any-return]


def verbs_of(request: HttpRequest) -> dict[str, bool]:
    """What the user may do with alarms."""
    may = request.user.has_perm
    return {"view": may("alerts.view_alarm"), "acknowledge": may("alerts.acknowledge_alarm")}


def alarms_url(request: HttpRequest) -> str:
    """The list of open alarms, or the dashboard for people who may not see the list."""
    return list_url(Alarm, "open") if verbs_of(request)["view"] else reverse("admin:index")


def aws_read_at() -> datetime | None:
    """When AWS was last read: the oldest of its services."""
    return min((each.read_at for each in unread.services() if each.read_at), default=None)


def live(request: HttpRequest) -> dict[str, Any]:
    """The rendered banner, its version, and its refresh interval in seconds."""
    seen = of_request(request) or []
    everything = [item for item in seen if item.condition.blind]
    blind = [item for item in everything if not item.calm]
    on_dashboard = request.path == reverse("admin:index") or request.GET.get("on") == "dashboard"
    others = [] if on_dashboard else [item for item in seen if not item.condition.blind]
    content = render_to_string(
        "console/banner_content.html",
        {
            "blind": blind[:SHOWN],
            "more_blind": max(0, len(blind) - SHOWN),
            "seen": [item for item in everything if item.calm][:SHOWN],
            "loud": alarms.loudest(blind) == "critical",
            "others": others,
            "others_loud": alarms.loudest(others) == "critical",
            "may": verbs_of(request),
            "here_url": request.path,
            "alarms_url": alarms_url(request),
        },
    )
    return {
        "content": content,
        "version": fragments.version(content),
        "every": EVERY_SECONDS,
        "on_dashboard": on_dashboard,
    }


def fragment(request: HttpRequest) -> HttpResponse:
    """The banner alone, for the refresh."""
    banner = live(request)
    html = render_to_string("console/banner.html", {"banner": banner})
    return fragments.answer(request, banner["version"], html)
