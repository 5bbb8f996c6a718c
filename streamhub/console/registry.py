"""Verbs, saved views and panels that apps add to the lists and pages of any model.

Apps declare them as `page_parts` (see `streamhub.contributions`); `ResourceAdmin` reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from streamhub.console.facts import Panel
from streamhub.console.saved_views import SavedView
from streamhub.console.verbs import Verb
from streamhub.contributions import contributed

PanelMaker = Callable[[HttpRequest, Any], Panel | None]


@dataclass(frozen=True)
class PageParts:
    """What one app adds to one model.

    `verbs` appear on its pages and lists, `saved_views` above its list. Each of `panels` returns a panel
    for an object's page, or None; panels follow the facts. `order` sorts all of them.
    """

    model: type[Model]
    verbs: Sequence[Verb] = ()
    saved_views: Sequence[SavedView] = ()
    panels: Sequence[PanelMaker] = ()


def parts_of(model: type[Model]) -> list[PageParts]:
    """What all apps add to the model."""
    return [parts for parts in contributed("page_parts") if parts.model is model]


def verbs_of(model: type[Model]) -> dict[str, Verb]:
    """The model's verbs by name, in display order."""
    verbs = [verb for parts in parts_of(model) for verb in parts.verbs]
    return {verb.name: verb for verb in sorted(verbs, key=lambda verb: verb.order)}


def views_of(model: type[Model]) -> list[SavedView]:
    return [view for parts in parts_of(model) for view in parts.saved_views]


def panels_of(request: HttpRequest, row: Model) -> list[Panel]:
    """The object's panels, sorted by `order`."""
    candidates = [make(request, row) for parts in parts_of(type(row)) for make in parts.panels]
    return sorted((panel for panel in candidates if panel is not None), key=lambda panel: panel.order)
