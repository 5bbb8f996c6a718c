"""The sidebar: groups of links, filtered by what the user's role may see.

Apps declare their links as `navigation` (see `streamhub.contributions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from streamhub.contributions import contributed

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# A section with more links is opened by its title unless the page is one of its own, so that the rest is
# reached without scrolling.
LONG = 8


@dataclass(frozen=True)
class Entry:
    """A link to a model's list (`model`) or to another page (`url_name` and `permission`).

    `order` is the place in the whole sidebar; a group appears where its first link would.
    """

    order: int
    group: StrOrPromise
    title: StrOrPromise
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
        for model, model_admin in admin.site._registry.items():
            if model._meta.label_lower == self.model:
                return model_admin.has_view_permission(request)
        return False

    def item(self) -> dict[str, Any]:
        """The link in Unfold's format."""
        return {"title": self.title, "icon": self.icon, "link": self.url()}


def entries() -> list[Entry]:
    """The links of all apps, sorted by `order`."""
    return sorted(contributed("navigation"), key=lambda entry: entry.order)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's hook: the groups with the links this user may see."""
    home = {"title": _("Dashboard"), "icon": "dashboard", "link": reverse("admin:index")}
    groups: dict[StrOrPromise, list[dict[str, Any]]] = {}
    for entry in entries():
        if entry.visible(request):
            groups.setdefault(entry.group, []).append(entry.item())
    sections = [
        {"title": title, "items": items, "separator": True, "collapsible": len(items) > LONG}
        for title, items in groups.items()
    ]
    return [{"title": "", "items": [home]}, *sections]
