"""Alarms about endpoints that take nothing, and about what they did not get."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Min
from django.urls import reverse

from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import database_now
from streamhub.webhooks.models import Delivery, DeliveryState, Endpoint

# A restart of a receiver is no news.
FAILING_FOR = timedelta(minutes=15)
VIEW = "webhooks.view_endpoint"


def current() -> list[Condition]:
    """For each endpoint: that it does not answer or is gone, and that deliveries failed. Four queries."""
    now = database_now()
    failing = Endpoint.objects.filter(failing_since__lt=now - FAILING_FOR, active=True)
    gone = Endpoint.objects.filter(active=False).exclude(paused_because="")
    failed = Delivery.objects.filter(state=DeliveryState.FAILED).values("endpoint", "endpoint__name")
    counted = failed.order_by().annotate(count=Count("pk"), since=Min("state_since"))
    return [*map(_failing, failing), *map(_gone, gone), *[_undelivered(row) for row in counted]]


def _condition(pk: int, name: str, **fields: object) -> Condition:
    return Condition(
        severity=Severity.WARNING,
        kind=Endpoint.KIND,
        object_id=str(pk),
        name=name,
        url=reverse("admin:webhooks_endpoint_change", args=[pk]),
        permission=VIEW,
        **fields,  # type: ignore[arg-type]
    )


def _failing(row: Endpoint) -> Condition:
    return _condition(
        row.pk,
        row.name,
        rule="webhook_failing",
        sentence=f"The webhook endpoint {row.name} takes nothing.",
        hint="Ask who runs it. What it misses waits, and is sent when it answers again.",
        aws_error=row.last_error,
        since=row.failing_since,
    )


def _gone(row: Endpoint) -> Condition:
    return _condition(
        row.pk,
        row.name,
        rule="webhook_gone",
        sentence=f"The webhook endpoint {row.name} is paused: {row.paused_because}",
        hint="Correct its address and press Resume, or delete it.",
        since=row.failing_since or row.created_at,
    )


def _undelivered(row: Mapping[str, Any]) -> Condition:
    return _condition(
        row["endpoint"],
        row["endpoint__name"],
        rule="webhook_undelivered",
        sentence=f"{row['endpoint__name']} did not get {row['count']} of its events.",
        hint="The page says why. Then press Send again, or Dismiss if nobody needs them.",
        since=row["since"],
    )


ALARMS = (AlarmSource(VIEW, current),)
