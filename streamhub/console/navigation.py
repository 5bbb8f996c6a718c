"""The sidebar: groups of links, of which each person sees those that the role may see.

The apps declare their links as `navigation` (see `streamhub.contributions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from streamhub.contributions import contributed


@dataclass(frozen=True)
class Entry:
    """A link: to a model's list (`model`), or to a page of its own (`url_name` and `permission`).

    `order` is its place in the whole sidebar; a group stands where the first of its links does.
    """

    order: int
    group: str
    title: str
    icon: str
    model: str = ""
    url_name: str = ""
    permission: str = ""

    def url(self) -> str:
        if self.model:
            return reverse(f"admin:{self.model.replace('.', '_')}_changelist")
        return reverse(self.url_name)

    def visible(self, request: HttpRequest) -> bool:
        if not self.model:
            return bool(request.user.has_perm(self.permission))
        found = next((a for m, a in admin.site._registry.items() if m._meta.label_lower == self.model), None)
        return found is not None and found.has_view_permission(request)

    def item(self) -> dict[str, Any]:
        """As Unfold wants it."""
        return {"title": self.title, "icon": self.icon, "link": self.url()}


def entries() -> list[Entry]:
    """The links of all apps in their order."""
    return sorted(contributed("navigation"), key=lambda entry: entry.order)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's hook: the groups with what this person may see in them."""
    home = {"title": "Dashboard", "icon": "dashboard", "link": reverse("admin:index")}
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in entries():
        if entry.visible(request):
            groups.setdefault(entry.group, []).append(entry.item())
    shown = [{"title": title, "items": items, "separator": True} for title, items in groups.items()]
    return [{"title": "", "items": [home]}, *shown]
