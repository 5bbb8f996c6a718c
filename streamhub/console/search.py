"""The search in the sidebar: objects by name, AWS id or domain, a few of each kind."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from unfold.dataclasses import SearchResult

from streamhub.console.resource import ResourceAdmin

MOST = 8


def find(request: HttpRequest, term: str) -> list[SearchResult]:
    """Unfold's hook. Only kinds that this person may see."""
    results = []
    for model, its in admin.site._registry.items():
        if isinstance(its, ResourceAdmin) and its.has_view_permission(request):
            rows, _ = its.get_search_results(request, its.get_queryset(request), term)
            results += [
                SearchResult(
                    title=str(row),
                    description=f"{model._meta.verbose_name}, {its.state(row)}",
                    link=its.url("change", row.pk),
                    icon=its.icon,
                )
                for row in rows[:MOST]
            ]
    return sorted(results, key=lambda result: term not in result.title.lower())
