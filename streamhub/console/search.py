"""The sidebar's search: finds objects by name, AWS id or domain, at most `MAX_PER_KIND` of each kind."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.paginator import InvalidPage
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from streamhub.console.resource import ResourceAdmin

MAX_PER_KIND = 8


def page(
    request: HttpRequest, extra_context: dict[str, Any] | None = None
) -> TemplateResponse | HttpResponse:
    """Unfold's search page. A number that is no page's is taken for the first."""
    search = UnfoldAdminSite.search
    try:
        return search(admin.site, request, extra_context)
    except InvalidPage:
        query = request.GET.copy()
        query["page"] = "1"
        request.GET = query  # type: ignore[assignment]
        return search(admin.site, request, extra_context)


def resource_admins() -> list[ResourceAdmin]:
    """All `ResourceAdmin`s, by app in the order of INSTALLED_APPS, then by the model's name."""
    models = [
        model
        for config in apps.get_app_configs()
        for model in sorted(config.get_models(), key=lambda model: str(model._meta.model_name))
    ]
    admins = [admin.site._registry.get(model) for model in models]
    return [entry for entry in admins if isinstance(entry, ResourceAdmin)]


def find(request: HttpRequest, term: str) -> list[SearchResult]:
    """Unfold's hook: objects of the kinds this user may see, those with the term in their name first."""
    results = []
    for resource_admin in resource_admins():
        if resource_admin.has_view_permission(request):
            results += _results(resource_admin, request, term)
    return sorted(results, key=lambda result: term not in result.title.lower())


def _results(resource_admin: ResourceAdmin, request: HttpRequest, term: str) -> list[SearchResult]:
    queryset = resource_admin.get_queryset(request)
    rows, _ = resource_admin.get_search_results(request, queryset, term)
    return [
        SearchResult(
            title=str(row),
            description=f"{resource_admin.opts.verbose_name}, {resource_admin.state(row)}",
            link=resource_admin.url("change", row.pk),
            icon=resource_admin.icon,
        )
        for row in rows[:MAX_PER_KIND]
    ]
