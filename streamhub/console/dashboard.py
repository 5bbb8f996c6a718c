"""The dashboard: the apps' alarms, tiles and short lists, as far as the user may see them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from streamhub.console import banner, environment, glances
from streamhub.console.pages import fragments
from streamhub.console.roles import ROLES
from streamhub.console.tiles import DashboardList
from streamhub.contributions import contributed

EVERY_SECONDS = 5
MAX_ALARMS = 15


def build(user: User | AnonymousUser) -> dict[str, Any]:
    """The tiles and lists this user may see, with their current figures."""

    def visible(parts: tuple[Any, ...]) -> list[Any]:
        allowed = [part for part in parts if user.has_perm(part.permission)]
        return sorted(allowed, key=lambda part: part.order)

    lists = visible(contributed("dashboard_lists"))
    charts = [(entry, entry.draw()) for entry in visible(contributed("dashboard_charts"))]
    return {
        "glances": [tile.shown() for tile in visible(contributed("glances"))],
        "tiles": [tile.shown() for tile in visible(contributed("tiles"))],
        "lists": [_listed(entry) for entry in lists],
        "charts": [{"entry": entry, "chart": chart} for entry, chart in charts if chart is not None],
    }


def _listed(entry: DashboardList) -> dict[str, Any]:
    beside = (entry.beside[0], entry.beside[1]()) if entry.beside else None
    return {"list": entry, "lines": entry.lines(), "url": entry.url(), "beside": beside}


def live(request: HttpRequest) -> dict[str, Any]:
    """The rendered dashboard, its version, and its refresh interval in seconds."""
    seen = banner.of_request(request)
    listed = [item for item in seen or () if not item.condition.blind]
    built = build(request.user)
    zeros = [item for item in built["tiles"] if item.figure.is_zero]
    said = {str(item.title) for item in zeros}
    context = {
        **built,
        "glances": [*built["glances"], *(glances.of_alarms(request, seen) if seen is not None else ())],
        "zeros": zeros,
        "tiles": [item for item in built["tiles"] if not item.figure.is_zero],
        "lists": [item for item in built["lists"] if item["lines"]],
        "empty": [
            item for item in built["lists"] if not item["lines"] and str(item["list"].title) not in said
        ],
        "alarms": listed[:MAX_ALARMS],
        "count": len(listed),
        "more": max(0, len(listed) - MAX_ALARMS),
        "alarms_url": banner.alarms_url(request),
        "calm": seen == [],
        "may": banner.verbs_of(request),
        "read_at": banner.aws_read_at(),
        "here": environment.environment(),
        "account": environment.account(),
        "may_see_environment": environment.may_see(request.user),
        "roles": ROLES,
    }
    content = render_to_string("console/dashboard.html", context)
    return {"content": content, "version": fragments.version(content), "every": EVERY_SECONDS}


def callback(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook for the index page."""
    context.update(live=live(request), title=_("Dashboard"))
    return context


def fragment(request: HttpRequest) -> HttpResponse:
    """The dashboard's content alone, for the refresh."""
    context = {"live": live(request)}
    html = render_to_string("console/dashboard_live.html", context)
    return fragments.answer(request, context["live"]["version"], html)
