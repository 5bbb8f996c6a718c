"""What a resource's pages need from its admin: badges, facts, verbs, panels, URLs and the object.

The pages import only this class; `streamhub.console.resource` joins the class and its pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from streamhub.alerts.models import has_open_alarm
from streamhub.console import registry
from streamhub.console.badges import UNKNOWN, Badge, troubled
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.console.facts import Link, Panel, Section, fact_of
from streamhub.console.finding import Search
from streamhub.console.object_pages import ObjectPages
from streamhub.console.saved_views import SavedView, filter_of
from streamhub.console.states import state_cell
from streamhub.lifecycle.models import ManagedResource
from streamhub.lifecycle.polled_lists import last_read, lists_read_at


class ResourceBase(ObjectPages, BigReadOnlyAdmin):
    """What a concrete admin defines for its objects, and the common context of its pages."""

    state_badges: ClassVar[Mapping[Any, Badge]] = {}
    saved_views: ClassVar[Sequence[SavedView]] = ()
    icon: ClassVar[str] = "deployed_code"
    kind: ClassVar[str] = ""  # its name in transitions; the model's KIND if empty
    # The columns that the object's page shows.
    fact_fields: ClassVar[Sequence[str]] = ()
    # What the search reads; small tables have Django's `search_fields` instead.
    search: ClassVar[Search] = Search()

    # Whether its objects tell about others, as alarms do: the search over all kinds names these last.
    about_others: ClassVar[bool] = False

    has_timeline: ClassVar[bool] = True
    # Columns that no list shows. They are read only when a page needs them.
    deferred_columns: ClassVar[Sequence[str]] = ()

    actions = ()
    list_before_template = "console/list_before.html"
    list_display_links = ("title",)
    ordering: ClassVar[Sequence[Any]] = ("-id",)

    # --- what a concrete admin defines -----------------------------------------------------

    def facts(self, request: HttpRequest, row: Any) -> list[Section]:
        """The sections of facts on the object's page: one with the `fact_fields`, where there is no more."""
        if not self.fact_fields:
            return []
        facts = [fact_of(row, name) for name in self.fact_fields]
        return [Section(str(self.opts.verbose_name).capitalize(), facts, self.icon, wide=True)]

    def links(self, request: HttpRequest, row: Any) -> list[Link]:
        """Buttons beside the verbs that open another page."""
        return []

    def headline(self, row: Any) -> str:
        """A sentence beside the state about what happens next, or ""."""
        return ""

    def state(self, row: Any) -> str:
        """The name of the state: a column, or computed from several."""
        return str(row.state)

    def since(self, row: Any) -> datetime | None:
        return row.state_since

    def error_of(self, row: Any) -> Any:
        """The row whose error is shown with this one: itself, or what it depends on."""
        return row

    def read_at(self, row: Any) -> datetime | None:
        """When AWS was last read for it; None if it has nothing on AWS, or that was never read."""
        return last_read(row) if isinstance(row, ManagedResource) else None

    def list_read_at(self) -> datetime | None:
        """When AWS was last read for all rows."""
        return lists_read_at(self.model) if issubclass(self.model, ManagedResource) else None

    def badge(self, row: Any) -> Badge:
        """The state's badge. An error shows at once, however calm the state is."""
        badge = self.state_badges.get(self.state(row), UNKNOWN)
        return troubled(badge) if getattr(self.error_of(row), "error_code", "") else badge

    def transition_kind(self) -> str:
        """The `resource_type` of its transitions."""
        return self.kind or getattr(self.model, "KIND", self.opts.verbose_name_raw)

    # --- panels ----------------------------------------------------------------------------

    def panels(self, request: HttpRequest, row: Any) -> list[Panel]:
        return registry.panels_of(request, row)

    # --- the list --------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.marked(super().get_queryset(request).defer(*self.deferred_columns))

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        return self.search.columns or super().get_search_fields(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Django's hook for the list and for fields that choose an object. Never duplicates a row."""
        if not self.search.columns:
            return super().get_search_results(request, queryset, search_term)
        return self.search.within(queryset, search_term), False

    def found_first(self, rows: QuerySet[Any]) -> Sequence[QuerySet[Any]]:
        """The rows that the search over all kinds found, in the order of their use, the last time all."""
        return (rows,)

    def marked(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows, each with `open_alarm`: whether an alarm is stored about it."""
        return rows.annotate(open_alarm=has_open_alarm(self.transition_kind()))

    @display(description=_("state"))
    def state_shown(self, row: Any) -> str:
        return self.state_cell(row)

    def state_cell(self, row: Any) -> SafeString:
        error = getattr(self.error_of(row), "error_code", "")
        return state_cell(row, self.badge(row), self.state(row), self.since(row), error=error)

    def moving(self, row: Any) -> bool:
        return self.badge(row).moving

    @display(description=_("name"))
    def title(self, row: Any) -> str:
        return str(row)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [filter_of(self.views()), *self.list_filter]

    def views(self) -> list[SavedView]:
        """The saved views, including those that other apps add."""
        return sorted([*self.saved_views, *registry.views_of(self.model)], key=lambda view: view.order)

    # --- pages -----------------------------------------------------------------------------

    def extra_urls(self) -> list[Any]:
        """URL patterns of pages that only this kind has."""
        return []
