"""Base classes of all admins: Unfold's, without views that change data on GET or edit history."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import ShowFacets
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.admin import ModelAdmin

from streamhub.console.audited_forms import AuditedForms, History
from streamhub.console.edits import EditsModel
from streamhub.console.empty import of_list
from streamhub.console.form_text import VisibleText
from streamhub.console.forms import speak_plainly
from streamhub.console.live_lists import LiveList, Moments
from streamhub.console.paging import ANCHORS, InfinitePaginator, anchor_of, first_page
from streamhub.console.queries import KnownQueries
from streamhub.console.sorting import IndexedChangeList, indexed_columns

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class HasPurpose:
    """Mixin of every admin. `purpose`: what its rows are for, and how the first comes to be."""

    opts: Any
    purpose: ClassVar[StrOrPromise] = ""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, which knows what stands there while it has no rows (`empty`)."""
        listed = super().get_changelist_instance(request)  # type: ignore[misc]
        more = any(request.GET.get(name) for name in getattr(self, "more_filters", ()))
        filtered = bool(listed.has_active_filters or listed.query or more)
        start = first_page(listed) if listed.page_num > 1 else ""
        listed.empty = partial(of_list, self, request, filtered=filtered, first_page=start)
        return listed

    def add_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_add")


class ConsoleAdmin(
    HasPurpose, History, AuditedForms, VisibleText, KnownQueries, LiveList, Moments, ModelAdmin
):
    """An editable table (users, schedules): Django's own forms with the console's look."""

    list_filter_sheet = True

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        """Django's form, which speaks as plainly as the console's own, and overwrites nobody's change."""
        form = super().get_form(request, obj, change=change, **options)
        if change:
            form = type(form.__name__, (EditsModel, form), {})
        for field in form.base_fields.values():
            speak_plainly(field)
        return form

    change_form_before_template = "console/carried.html"
    list_per_page = 50
    warn_unsaved_form = True
    compressed_fields = True


class ReadOnlyAdmin(HasPurpose, History, KnownQueries, LiveList, Moments, ModelAdmin):
    """A table that staff can view, filter and search, but not edit."""

    actions: Sequence[Any] | None = None
    list_disable_select_all = True
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class BigReadOnlyAdmin(ReadOnlyAdmin):
    """For large tables: previous and next pages only, no `COUNT(*)`, and sorted only where an index is."""

    paginator = InfinitePaginator
    own_parameters = ANCHORS
    show_full_result_count = False
    # Facets would run a COUNT for each choice of each filter.
    show_facets = ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[IndexedChangeList]:  # type: ignore[override]
        return IndexedChangeList

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> InfinitePaginator:
        return self.paginator(queryset, per_page, orphans, allow_empty_first_page, anchor=anchor_of(request))

    def get_sortable_by(self, request: HttpRequest) -> list[str]:
        """The columns of the list that have an index to sort by."""
        indexed = indexed_columns(self.model)
        return [name for name in map(str, self.get_list_display(request)) if self._order_of(name) in indexed]

    def _order_of(self, name: str) -> str:
        return str(getattr(getattr(self, name, None), "admin_order_field", name))
