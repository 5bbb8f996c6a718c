"""The health page: all that StreamHub needs, since when it is so, and what to do where it is not well."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.console import aws_queues, expected
from streamhub.console.badges import Badge, Tone
from streamhub.console.navigation import Entry
from streamhub.console.pages import fragments
from streamhub.lifecycle.health import Group, HealthFact, facts

VIEW = "lifecycle.view_job"
EVERY_SECONDS = 5
ICONS = {
    Group.DATABASE: "database",
    Group.BROKER: "lan",
    Group.WORKERS: "engineering",
    Group.BEAT: "timer",
    Group.CLOCKS: "schedule",
    Group.AWS: "cloud",
    Group.JOBS: "manufacturing",
}
BADGES = {
    True: Badge(Tone.GOOD, "check_circle"),
    False: Badge(Tone.BAD, "error"),
    None: Badge(Tone.CALM, "help"),
}


def page(request: HttpRequest) -> HttpResponse:
    """GET only: the page changes nothing."""
    _require(request)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    context = {**admin.site.each_context(request), "title": "Health", "live": _live()}
    return TemplateResponse(request, "console/health.html", context)


def fragment(request: HttpRequest) -> HttpResponse:
    """The page's content alone, for the refresh."""
    _require(request)
    live = _live()
    return fragments.answer(request, live["version"], render_to_string("console/live.html", {"live": live}))


def _require(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied(gettext("Your role may not see StreamHub's health."))


def _live() -> dict[str, Any]:
    found = facts()
    groups = [
        {
            "title": group.value,
            "icon": ICONS[group],
            "lines": [_line(fact) for fact in found if fact.group == group],
        }
        for group in Group
    ]
    bad = [fact for fact in found if fact.ok is False]
    content = render_to_string(
        "console/health_content.html",
        {
            "groups": [group for group in groups if group["lines"]],
            "bad": bad,
            "queues": aws_queues.lines(),
            "durations": expected.duration_lines(),
            "of_process": aws_queues.of_this_process(),
            "badge": BADGES[not bad],
            "word": gettext("%(bad)s not well") % {"bad": len(bad)} if bad else gettext("all well"),
        },
    )
    return {
        "content": content,
        "version": fragments.version(content),
        "url": reverse("admin:health_live"),
        "every": EVERY_SECONDS,
    }


def _line(fact: HealthFact) -> dict[str, Any]:
    return {"fact": fact, "badge": BADGES[fact.ok], "link": _link(fact)}


def _link(fact: HealthFact) -> tuple[str, str] | None:
    """The page where the remedy is."""
    if fact.group == Group.JOBS and fact.rule == "job_off":
        return "Schedule", reverse("admin:django_celery_beat_periodictask_changelist")
    return None


ENTRY = Entry(405, _("System"), _("Health"), "monitor_heart", url_name="admin:health", permission=VIEW)


def urls() -> list[Any]:
    view = admin.site.admin_view
    return [
        path("health/", view(page), name="health"),
        path("health/live/", view(fragment), name="health_live"),
    ]
