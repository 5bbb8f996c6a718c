"""The admins of what no app of the house owns: transitions, jobs, tokens, users, the schedule."""

from django.contrib import admin
from django.urls import path

from streamhub.console import dashboard, registry
from streamhub.console.admin import access, auth, beat, lifecycle

__all__ = ["access", "auth", "beat", "lifecycle"]


def _more_urls() -> list[object]:
    view = admin.site.admin_view(dashboard.fragment)
    return [path("dashboard/", view, name="dashboard"), *registry.urls()]


# Unfold's site asks this attribute for more pages.
admin.site.extra_urls = _more_urls  # type: ignore[attr-defined]
