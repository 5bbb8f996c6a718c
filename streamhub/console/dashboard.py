"""The dashboard: tiles (one number each) and boards (short lists), handed in by the apps.

An app registers its own when its admin is imported; a tile is shown to those who may see what it
counts, and leads to the list that it counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from streamhub.console import alarms, environment
from streamhub.console.looks import Look, Tone
from streamhub.console.pages import fragments

EVERY_SECONDS = 5


@dataclass(frozen=True)
class Figure:
    """What a tile says: a number or word, a line under it, and its tone."""

    value: Any
    detail: str = ""
    tone: Tone = Tone.CALM
    exact: str = ""


@dataclass(frozen=True)
class Tile:
    """`figure` and `url` are asked at every look. `permission` ("app.codename"): who sees it."""

    key: str
    title: str
    icon: str
    permission: str
    figure: Callable[[], Figure]
    url: Callable[[], str]
    order: int = 50


@dataclass(frozen=True)
class Line:
    """One object on a board."""

    label: str
    url: str
    look: Look
    word: str
    since: datetime | None = None
    detail: str = ""


@dataclass(frozen=True)
class Board:
    """A short list; `empty` is what it says when there is nothing."""

    key: str
    title: str
    icon: str
    permission: str
    lines: Callable[[], list[Line]]
    url: Callable[[], str]
    empty: str
    order: int = 50


@dataclass
class _Registry:
    tiles: dict[str, Tile] = field(default_factory=dict)
    boards: dict[str, Board] = field(default_factory=dict)


_registry = _Registry()


def register(*things: Tile | Board) -> None:
    """Show these on the dashboard; the same key again replaces the earlier one."""
    for thing in things:
        if isinstance(thing, Tile):
            _registry.tiles[thing.key] = thing
        else:
            _registry.boards[thing.key] = thing


def build(user: User | AnonymousUser) -> dict[str, Any]:
    """The tiles and boards this person may see, with their figures now."""

    def seen(things: dict[str, Any]) -> list[Any]:
        allowed = [thing for thing in things.values() if user.has_perm(thing.permission)]
        return sorted(allowed, key=lambda thing: thing.order)

    return {
        "tiles": [
            {"tile": tile, "figure": tile.figure(), "url": tile.url()} for tile in seen(_registry.tiles)
        ],
        "boards": [
            {"board": board, "lines": board.lines(), "url": board.url()} for board in seen(_registry.boards)
        ],
    }


def live(request: HttpRequest) -> dict[str, Any]:
    """The dashboard rendered, its version, and how often it looks again."""
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
