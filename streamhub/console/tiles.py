"""What the apps show on the dashboard: tiles (one number each) and short lists.

Declared as `tiles` and `dashboard_lists` (see `streamhub.contributions`). Each is shown to those who may
see what it counts, and leads to the list that it counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streamhub.console.badges import Badge, Tone


@dataclass(frozen=True)
class Figure:
    """What a tile says: a number or word, a line under it, and its tone."""

    value: Any
    detail: str = ""
    tone: Tone = Tone.CALM
    exact: str = ""


@dataclass(frozen=True)
class Tile:
    """`figure` and `url` are asked at every refresh. `permission` ("app.codename"): who sees it."""

    key: str
    title: str
    icon: str
    permission: str
    figure: Callable[[], Figure]
    url: Callable[[], str]
    order: int = 50


@dataclass(frozen=True)
class DashboardRow:
    """One object on a board."""

    label: str
    url: str
    badge: Badge
    word: str
    since: datetime | None = None
    detail: str = ""


@dataclass(frozen=True)
class DashboardList:
    """A short list; `empty` is what it says when there is nothing."""

    key: str
    title: str
    icon: str
    permission: str
    lines: Callable[[], list[DashboardRow]]
    url: Callable[[], str]
    empty: str
    order: int = 50
