"""Admins for models outside the product's apps: transitions, jobs, API tokens, users and the schedule."""

from django.contrib import admin
from django.urls import path
from django.utils.translation import gettext_lazy as _

from streamhub.access.roles import ENGINEER, OPERATOR, VIEWER
from streamhub.console import banner, dashboard, health_page, personal_views, search
from streamhub.console.admin import (
    access,
    alarms,
    audit,
    auth,
    beat,
    lifecycle,
    webhook_deliveries,
    webhooks,
)
from streamhub.console.login import login
from streamhub.console.navigation import Entry
from streamhub.console.roles import Grant
from streamhub.contributions import contributed
from streamhub.signin.views import password_change

NAVIGATION = (
    Entry(100, _("Live"), _("Alarms"), "notification_important", "alerts.alarm"),
    health_page.ENTRY,
    Entry(420, _("System"), _("Transitions"), "history", "lifecycle.transition"),
    Entry(366, _("People"), _("Audit"), "policy", "access.auditentry"),
    Entry(430, _("System"), _("Jobs"), "manufacturing", "lifecycle.job"),
    Entry(440, _("System"), _("Schedule"), "schedule", "django_celery_beat.periodictask"),
    Entry(364, _("People"), _("API tokens"), "key", "access.apitoken"),
    Entry(455, _("System"), _("Webhooks"), "webhook", "webhooks.endpoint"),
    Entry(456, _("System"), _("Webhook deliveries"), "send", "webhooks.delivery"),
    Entry(360, _("People"), _("Users"), "person", "auth.user"),
    Entry(362, _("People"), _("Roles"), "groups", "auth.group"),
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
    Grant(VIEWER, ("alerts.view_alarm",)),
    Grant(OPERATOR, ("alerts.acknowledge_alarm", "alerts.take_alarm", "alerts.silence_alarm")),
    Grant(ENGINEER, [f"access.{verb}_apitoken" for verb in ("view", "add", "rotate", "revoke")]),
    Grant(VIEWER, ("webhooks.view_endpoint", "webhooks.view_delivery")),
    Grant(
        OPERATOR,
        [
            f"webhooks.{name}"
            for name in (
                "test_endpoint",
                "pause_endpoint",
                "replay_endpoint",
                "dismiss_endpoint",
                "replay_delivery",
            )
        ],
    ),
    Grant(ENGINEER, [f"webhooks.{verb}_endpoint" for verb in ("add", "edit", "rotate", "delete")]),
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

PAGE_PARTS = (access.PARTS, alarms.PARTS, auth.PARTS, webhook_deliveries.PARTS, webhooks.PARTS)

__all__ = [
    "NAVIGATION",
    "PAGE_PARTS",
    "ROLES",
    "access",
    "alarms",
    "audit",
    "auth",
    "beat",
    "lifecycle",
    "webhook_deliveries",
    "webhooks",
]


def _extra_urls() -> list[object]:
    view = admin.site.admin_view
    return [
        path("login/", login, name="login"),
        path("password_change/", view(password_change), name="password_change"),
        path("dashboard/", view(dashboard.fragment), name="dashboard"),
        path("banner/", view(banner.fragment), name="banner"),
        *health_page.urls(),
        *personal_views.urls(),
        *contributed("admin_urls"),
    ]


admin.site.search = search.page  # type: ignore[attr-defined]
# Unfold's site reads extra pages from this attribute.
admin.site.extra_urls = _extra_urls  # type: ignore[attr-defined]
