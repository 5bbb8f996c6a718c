"""The search in the sidebar: objects by name, AWS id or domain, a few of each kind."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from unfold.dataclasses import SearchResult

from streamhub.console.resource import ResourceAdmin

MOST = 8


def resources() -> list[ResourceAdmin]:
    """The admins of resources: by app in the order of INSTALLED_APPS, then by the model's name."""
    models = [
        model
        for config in apps.get_app_configs()
        for model in sorted(config.get_models(), key=lambda model: str(model._meta.model_name))
    ]
    found = [admin.site._registry.get(model) for model in models]
    return [its for its in found if isinstance(its, ResourceAdmin)]


def find(request: HttpRequest, term: str) -> list[SearchResult]:
    """Unfold's hook. Only kinds that this person may see."""
    results = []
    for its in resources():
        if its.has_view_permission(request):
            rows, _ = its.get_search_results(request, its.get_queryset(request), term)
            results += [
                SearchResult(
                    title=str(row),
                    description=f"{its.opts.verbose_name}, {its.state(row)}",
                    link=its.url("change", row.pk),
                    icon=its.icon,
                )
                for row in rows[:MOST]
            ]
    return sorted(results, key=lambda result: term not in result.title.lower())
