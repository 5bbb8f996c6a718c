"""Saved views: common filters as links above a list ("Live now", "Failed")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PARAMETER = "view"


@dataclass(frozen=True)
class SavedView:
    """`where` is called at every use, because it may depend on the time."""

    key: str
    label: StrOrPromise
    icon: str
    where: Callable[[], Q]
    order: int = 50


def filter_of(views: Sequence[SavedView]) -> type[SimpleListFilter]:
    """The list filter behind the links; it also appears among the other filters."""

    class ViewFilter(SimpleListFilter):
        title = _("view")
        parameter_name = PARAMETER

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(view.key, str(view.label)) for view in views]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            selected = next((view for view in views if view.key == self.value()), None)
            return queryset.filter(selected.where()) if selected else queryset

    return ViewFilter


def list_url(model: type[Model], view: str = "", **query: Any) -> str:
    """The URL of a model's list, filtered by a saved view or by any of its filters."""
    from urllib.parse import urlencode

    parameters = {**({PARAMETER: view} if view else {}), **query}
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{url}?{urlencode(parameters)}" if parameters else url
