"""What apps add to the lists and pages of a model, their own or another app's: verbs, saved views, panels.

Declared as `page_parts` (see `streamhub.contributions`); read by `ResourceAdmin`.
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
    """What one app adds for one model.

    `verbs` are offered on its pages and lists, `saved_views` stand above its list; each of `panels` makes
    a panel (or none) for an object's page, after its facts. All are shown in the order of their `order`.
    """

    model: type[Model]
    verbs: Sequence[Verb] = ()
    saved_views: Sequence[SavedView] = ()
    panels: Sequence[PanelMaker] = ()


def parts_of(model: type[Model]) -> list[PageParts]:
    """What all apps add for the model."""
    return [parts for parts in contributed("page_parts") if parts.model is model]


def verbs_of(model: type[Model]) -> dict[str, Verb]:
    """The model's verbs by name, in the order in which they are offered."""
    verbs = [verb for parts in parts_of(model) for verb in parts.verbs]
    return {verb.name: verb for verb in sorted(verbs, key=lambda verb: verb.order)}


def views_of(model: type[Model]) -> list[SavedView]:
    return [view for parts in parts_of(model) for view in parts.saved_views]


def panels_of(request: HttpRequest, row: Model) -> list[Panel]:
    """The panels of this object, in their order."""
    made = [make(request, row) for parts in parts_of(type(row)) for make in parts.panels]
    return sorted((panel for panel in made if panel is not None), key=lambda panel: panel.order)
