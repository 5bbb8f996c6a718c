"""The apps' parts of the dashboard: tiles (one figure each) and short lists.

Apps declare them as `tiles` and `dashboard_lists` (see `streamhub.contributions`). Each is shown to users
who may see what it counts, and links to the list of what it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streamhub.console.badges import Badge, Tone
from streamhub.console.bar_chart import Chart


@dataclass(frozen=True)
class Figure:
    """A tile's number or word, the line under it, its tone, and the exact value as a tooltip."""

    value: Any
    detail: str = ""
    tone: Tone = Tone.CALM
    exact: str = ""

    @property
    def is_zero(self) -> bool:
        """Nothing that anybody has to look at: it does not take the first screen."""
        return self.value == 0 and self.tone in (Tone.CALM, Tone.GOOD)


@dataclass(frozen=True)
class Tile:
    """`figure` and `url` are called at every refresh. `permission` ("app.codename") decides who sees it."""

    key: str
    title: str
    icon: str
    permission: str
    figure: Callable[[], Figure]
    url: Callable[[], str]
    order: int = 50


@dataclass(frozen=True)
class GlanceFigure:
    """What is seen at a glance: a word or number, or a time (`at`), and the few things that it is about."""

    value: Any
    lines: Sequence[DashboardRow] = ()
    detail: str = ""
    tone: Tone = Tone.CALM
    at: datetime | None = None


@dataclass(frozen=True)
class Glance:
    """One of the answers at the top of the dashboard: what is live, what is next, what is wrong."""

    key: str
    title: str
    icon: str
    permission: str
    read: Callable[[], GlanceFigure]
    url: Callable[[], str]
    order: int = 50


@dataclass(frozen=True)
class DashboardChart:
    """A chart of the dashboard. `draw` returns None without data; `unit` as in the tag `bar_chart`."""

    title: str
    icon: str
    permission: str
    unit: str
    draw: Callable[[], Chart | None]
    order: int = 50


@dataclass(frozen=True)
class DashboardRow:
    """One object in a dashboard list. `since`: since when it is so; `at`: for when it is planned."""

    label: str
    url: str
    badge: Badge
    word: str
    since: datetime | None = None
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class DashboardList:
    """A short list; `empty` is the text shown when it has no rows. `beside`: another page."""

    key: str
    title: str
    icon: str
    permission: str
    lines: Callable[[], list[DashboardRow]]
    url: Callable[[], str]
    empty: str
    order: int = 50
    beside: tuple[str, Callable[[], str]] | None = None
