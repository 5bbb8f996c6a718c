"""Admins for models outside the product's apps: transitions, jobs, API tokens, users and the schedule."""

from django.contrib import admin
from django.urls import path

from streamhub.access.roles import ENGINEER, VIEWER
from streamhub.console import dashboard
from streamhub.console.admin import access, auth, beat, lifecycle
from streamhub.console.navigation import Entry
from streamhub.console.roles import Grant
from streamhub.contributions import contributed

NAVIGATION = (
    Entry(420, "System", "Transitions", "history", "lifecycle.transition"),
    Entry(430, "System", "Jobs", "manufacturing", "lifecycle.job"),
    Entry(440, "System", "Schedule", "schedule", "django_celery_beat.periodictask"),
    Entry(450, "System", "API tokens", "key", "access.apitoken"),
    Entry(460, "System", "Users", "person", "auth.user"),
    Entry(470, "System", "Roles", "groups", "auth.group"),
)

ROLES = (
    Grant(
        VIEWER,
        (
            "lifecycle.view_transition",
            "lifecycle.view_job",
            "lifecycle.view_heartbeat",
            "lifecycle.view_clockoffset",
        ),
    ),
    Grant(ENGINEER, ("access.view_apitoken", "access.add_apitoken", "access.revoke_apitoken")),
    Grant(ENGINEER, ("auth.view_user", "auth.view_group")),
    Grant(
        ENGINEER,
        [
            f"django_celery_beat.{verb}_{model}"
            for model in ("periodictask", "intervalschedule", "crontabschedule", "clockedschedule")
            for verb in ("view", "add", "change", "delete")
        ],
    ),
    Grant(ENGINEER, ("django_celery_beat.view_solarschedule",)),
)

__all__ = ["NAVIGATION", "ROLES", "access", "auth", "beat", "lifecycle"]


def _extra_urls() -> list[object]:
    view = admin.site.admin_view(dashboard.fragment)
    return [path("dashboard/", view, name="dashboard"), *contributed("admin_urls")]


# Unfold's site reads extra pages from this attribute.
admin.site.extra_urls = _extra_urls  # type: ignore[attr-defined]
