"""What apps add to each other's pages without knowing each other: verbs, saved views and panels, by model.

Filled when the admin modules are imported; read by `ResourceAdmin`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from streamhub.console.facts import Panel
from streamhub.console.saved_views import SavedView
from streamhub.console.verbs import Verb

UrlMaker = Callable[[], list[Any]]
PanelMaker = Callable[[HttpRequest, Any], Panel | None]

_verbs: dict[str, dict[str, Verb]] = {}
_views: dict[str, list[SavedView]] = {}
_urls: list[UrlMaker] = []
_panels: dict[str, list[PanelMaker]] = {}


def register_verbs(model: type[Model], *verbs: Verb) -> None:
    """Offer these verbs on the model's pages and lists."""
    known = _verbs.setdefault(model._meta.label_lower, {})
    known.update({verb.name: verb for verb in verbs})


def verbs_of(model: type[Model]) -> dict[str, Verb]:
    """The model's verbs by name, in the order in which they are offered."""
    known = _verbs.get(model._meta.label_lower, {})
    return dict(sorted(known.items(), key=lambda item: item[1].order))


def register_views(model: type[Model], *views: SavedView) -> None:
    """Add saved views to the model's list."""
    _views.setdefault(model._meta.label_lower, []).extend(views)


def views_of(model: type[Model]) -> list[SavedView]:
    return list(_views.get(model._meta.label_lower, []))


def register_panel(model: type[Model], maker: PanelMaker) -> None:
    """Show the panel that `maker` makes (or none) on each object's page, after its facts."""
    _panels.setdefault(model._meta.label_lower, []).append(maker)


def panels_of(request: HttpRequest, row: Model) -> list[Panel]:
    """The panels of this object, in their order."""
    makers = _panels.get(row._meta.label_lower, [])
    made = (maker(request, row) for maker in makers)
    return sorted((panel for panel in made if panel is not None), key=lambda panel: panel.order)


def register_urls(maker: UrlMaker) -> None:
    """Add pages of their own to the site, beside those of the models."""
    _urls.append(maker)


def urls() -> list[Any]:
    return [url for maker in _urls for url in maker()]
