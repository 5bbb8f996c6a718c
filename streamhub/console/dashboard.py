"""The dashboard: the alarms, tiles and short lists of the apps, for those who may see them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from streamhub.alerts import alarms
from streamhub.console import environment
from streamhub.console.pages import fragments
from streamhub.contributions import contributed

EVERY_SECONDS = 5


def build(user: User | AnonymousUser) -> dict[str, Any]:
    """The tiles and lists this person may see, with their figures now."""

    def seen(things: tuple[Any, ...]) -> list[Any]:
        allowed = [thing for thing in things if user.has_perm(thing.permission)]
        return sorted(allowed, key=lambda thing: thing.order)

    tiles, lists = seen(contributed("tiles")), seen(contributed("dashboard_lists"))
    return {
        "tiles": [{"tile": tile, "figure": tile.figure(), "url": tile.url()} for tile in tiles],
        "lists": [{"list": each, "lines": each.lines(), "url": each.url()} for each in lists],
    }


def live(request: HttpRequest) -> dict[str, Any]:
    """The dashboard rendered, its version, and how often it is refreshed."""
    context = {
        **build(request.user),
        "alarms": alarms.current(request.user),
        "here": environment.environment(),
        "account": environment.account(),
    }
    content = render_to_string("console/dashboard.html", context)
    return {"content": content, "version": fragments.version(content), "every": EVERY_SECONDS}


def callback(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook for the index page."""
    context.update(live=live(request), title="Dashboard")
    return context


def fragment(request: HttpRequest) -> HttpResponse:
    """The dashboard's content alone, for refreshing it."""
    now = live(request)
    return fragments.answer(
        request, now["version"], render_to_string("console/dashboard_live.html", {"live": now})
    )
