"""The apps' parts of the dashboard: tiles (one figure each), charts and short lists.

Apps declare them as `glances` (the tiles of the first row), `tiles`, `dashboard_charts` and `dashboard_lists`
(see `streamhub.contributions`). Each is shown to users who may see what it counts, and links to the list of
what it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from streamhub.console.badges import Badge, Tone
from streamhub.console.bar_chart import Chart

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Figure:
    """What a tile says: a number, a word or a time (`at`), the line under it, and its tone.

    `exact`: the exact value, as a tooltip. `lines`: the few objects that it is about.
    """

    value: Any
    detail: StrOrPromise = ""
    tone: Tone = Tone.CALM
    exact: str = ""
    lines: Sequence[DashboardRow] = ()
    at: datetime | None = None

    @property
    def is_zero(self) -> bool:
        """Nothing that anybody has to look at: it does not take the first screen."""
        return self.value == 0 and self.tone in (Tone.CALM, Tone.GOOD)


@dataclass(frozen=True)
class Tile:
    """`figure` and `url` are called at every refresh. `permission` ("app.codename") decides who sees it."""

    key: str
    title: StrOrPromise
    icon: str
    permission: str
    figure: Callable[[], Figure]
    url: Callable[[], str]
    order: int = 50

    def shown(self) -> ShownTile:
        """The tile with its figure of now."""
        return ShownTile(self.title, self.icon, self.figure(), self.url(), self.key)


@dataclass(frozen=True)
class ShownTile:
    """What `console/tile.html` shows; `key` names the `Tile` that it is of, if there is one."""

    title: StrOrPromise
    icon: str
    figure: Figure
    url: str
    key: str = ""


@dataclass(frozen=True)
class DashboardChart:
    """A chart of the dashboard. `draw` returns None without data; `unit` as in the tag `bar_chart`."""

    title: StrOrPromise
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
    detail: StrOrPromise = ""
    at: datetime | None = None


@dataclass(frozen=True)
class DashboardList:
    """A short list; `empty` is the text shown when it has no rows. `beside`: another page."""

    key: str
    title: StrOrPromise
    icon: str
    permission: str
    lines: Callable[[], list[DashboardRow]]
    url: Callable[[], str]
    empty: StrOrPromise
    order: int = 50
    beside: tuple[StrOrPromise, Callable[[], str]] | None = None
