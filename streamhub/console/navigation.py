"""The sidebar: groups of lists, of which each person sees those that the role may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class Entry:
    """A link: to a model's list (`model`), or to a page of its own (`url_name` and `permission`)."""

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


GROUPS: dict[str, list[Entry]] = {
    "Live": [
        Entry("Breakouts", "podcasts", "channels_app.breakout"),
        Entry("Channels", "settings_input_antenna", "channels_app.channel"),
        Entry("Security groups", "shield", "channels_app.securitygroup"),
    ],
    "Delivery": [
        Entry("Distributions", "public", "distributions.distribution"),
    ],
    "Billing": [],
    "System": [
        Entry("Transitions", "history", "lifecycle.transition"),
        Entry("Jobs", "manufacturing", "lifecycle.job"),
        Entry("Schedule", "schedule", "django_celery_beat.periodictask"),
        Entry("API tokens", "key", "access.apitoken"),
        Entry("Users", "person", "auth.user"),
        Entry("Roles", "groups", "auth.group"),
    ],
}


def register(group: str, *entries: Entry, first: bool = False) -> None:
    """Add links to a group of the sidebar, at its end or before all others."""
    known = GROUPS.setdefault(group, [])
    new = [entry for entry in entries if entry not in known]
    known[:] = new + known if first else known + new


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's hook: the groups with what this person may see in them."""
    home = {"title": "Dashboard", "icon": "dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"title": "", "items": [home]}]
    for title, entries in GROUPS.items():
        seen = [entry for entry in entries if entry.visible(request)]
        items = [{"title": entry.title, "icon": entry.icon, "link": entry.url()} for entry in seen]
        if items:
            groups.append({"title": title, "items": items, "separator": True})
    return groups
