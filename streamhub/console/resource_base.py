"""What the pages of a resource may ask of its admin: looks, facts, verbs, panels, URLs and the object itself.

The pages know this class only; `streamhub.console.resource` puts class and pages together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial, update_wrapper
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString

from streamhub.console import registry
from streamhub.console.badges import UNKNOWN, Badge
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.console.facts import Link, Panel, Section
from streamhub.console.pages import fragments
from streamhub.console.saved_views import SavedView, filter_of
from streamhub.console.states import state_cell
from streamhub.console.verbs import Offer, Verb


class ResourceBase(BigReadOnlyAdmin):
    """What a concrete admin says of its objects, and what every page needs around its content."""

    state_badges: ClassVar[Mapping[Any, Badge]] = {}
    saved_views: ClassVar[Sequence[SavedView]] = ()
    icon: ClassVar[str] = "deployed_code"
    kind: ClassVar[str] = ""  # what transitions call it; the model's KIND if empty

    has_timeline: ClassVar[bool] = True
    deferred_columns: ClassVar[
        Sequence[str]
    ] = ()  # columns that no list shows: read when a page asks for them

    actions = ()
    list_before_template = "console/list_before.html"
    list_display_links = ("title",)

    # --- what a concrete admin says of its objects -----------------------------------------

    def facts(self, request: HttpRequest, row: Any) -> list[Section]:
        """The sections of facts on the object's page."""
        return []

    def situation(self, row: Any) -> Any:
        """What the guards of this kind need to know; asked once a page."""
        return None

    def links(self, request: HttpRequest, row: Any) -> list[Link]:
        """Buttons beside the verbs that only lead somewhere."""
        return []

    def headline(self, row: Any) -> str:
        """One sentence beside the state: what it is on its way to, or ""."""
        return ""

    def state(self, row: Any) -> str:
        """The word for how it is; a column, or made from several."""
        return str(row.state)

    def since(self, row: Any) -> datetime | None:
        return row.state_since

    def badge(self, row: Any) -> Badge:
        return self.state_badges.get(self.state(row), UNKNOWN)

    def transition_kind(self) -> str:
        """What its transitions are filed under."""
        return self.kind or getattr(self.model, "KIND", str(self.opts.verbose_name))

    # --- verbs and panels ------------------------------------------------------------------

    def verbs(self, request: HttpRequest) -> list[Verb]:
        """Those that this person's role has."""
        return [verb for verb in registry.verbs_of(self.model).values() if verb.allowed(request.user)]

    def offers(self, request: HttpRequest, row: Any) -> list[Offer]:
        situation = self.situation(row)
        return [
            Offer(verb, self.verb_url(row, verb), verb.refusal(row, situation))
            for verb in self.verbs(request)
        ]

    def panels(self, request: HttpRequest, row: Any) -> list[Panel]:
        return registry.panels_of(request, row)

    # --- the list --------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.deferred_columns)

    @display(description="state")
    def state_shown(self, row: Any) -> str:
        return self.state_cell(row)

    def state_cell(self, row: Any, *, swap: bool = False) -> SafeString:
        return state_cell(row, self.badge(row), self.state(row), self.since(row), swap=swap)

    def poller(self, rows: Sequence[Any]) -> dict[str, Any]:
        """What the polling element of a list needs: where to ask, how often, what it shows now."""
        cells = [self.state_cell(row) for row in rows]
        return {
            "url": self.url("states"),
            "ids": [row.pk for row in rows],
            "every": fragments.every(any(self.badge(row).moving for row in rows)),
            "version": fragments.version("".join(cells)),
        }

    @display(description="name")
    def title(self, row: Any) -> str:
        return str(row)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [filter_of(self.views()), *self.list_filter]

    def views(self) -> list[SavedView]:
        """The saved views, those of other apps among them."""
        return sorted([*self.saved_views, *registry.views_of(self.model)], key=lambda view: view.order)

    # --- pages -----------------------------------------------------------------------------

    def extra_urls(self) -> list[Any]:
        """Pages that only this kind has."""
        return []

    def own(self, view: Any) -> Any:
        """A view `(admin, request, …)` as one of this admin's pages, for staff only."""
        wrapped = partial(view, self)
        update_wrapper(wrapped, view)
        return self.admin_site.admin_view(wrapped)

    def url(self, page: str, *args: Any) -> str:
        """One of this model's pages by name ("changelist", "change", "live", "do" …)."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def verb_url(self, row: Model, verb: Verb) -> str:
        return self.url("do", row.pk, verb.name)

    def found(self, request: HttpRequest, object_id: Any) -> Any | None:
        """The object if this person may see it. None: it is gone. Raises `PermissionDenied`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.get_object(request, str(object_id))

    def gone(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Back to the list, saying so: deleted objects leave their transitions behind."""
        messages.info(request, f"There is no {self.opts.verbose_name} {object_id} any more; it was deleted.")
        return HttpResponseRedirect(self.url("changelist"))

    def page_context(self, request: HttpRequest, row: Any | None = None, **more: Any) -> dict[str, Any]:
        """What every page of this admin's own needs around its content."""
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "row": row,
            "kind": self.transition_kind(),
            "badge": row and self.badge(row),
            "state": row and self.state(row),
            "model_admin": self,
            "list_url": self.url("changelist"),
            **more,
        }
