"""`ResourceAdmin`: the list and the pages of a model with a life cycle.

Staff do not edit fields or use Django's delete. Objects change by verbs, each with a confirmation page and
a POST. A list takes a constant number of queries.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IS_POPUP_VAR
from django.http import HttpRequest, HttpResponse
from django.urls import path

from streamhub.console.pages import bulk, detail, export, verb
from streamhub.console.resource_base import ResourceBase


class ResourceAdmin(ResourceBase):
    """Subclasses define `state_badges`, `saved_views`, `facts` and `situation`; apps add verbs and panels."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if IS_POPUP_VAR in request.GET:
            return {}
        verbs = [verb for verb in self.verbs(request) if verb.bulk]
        return {f"verb_{v.name}": (bulk.confirmation(v), f"verb_{v.name}", f"{v.label} …") for v in verbs}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The object's page, which replaces Django's form."""
        return detail.page(self, request, object_id)

    def get_urls(self) -> list[Any]:
        prefix, own = f"{self.opts.app_label}_{self.opts.model_name}", self.own
        return [
            *self.extra_urls(),
            path("export/", own(export.page), name=f"{prefix}_export"),
            path("results/", own(bulk.results), name=f"{prefix}_results"),
            path("bulk/<slug:name>/", own(bulk.perform_all), name=f"{prefix}_bulk"),
            path("<int:object_id>/live/", own(detail.fragment), name=f"{prefix}_live"),
            path("<int:object_id>/do/<slug:name>/", own(verb.page), name=f"{prefix}_do"),
            *super().get_urls(),
        ]
