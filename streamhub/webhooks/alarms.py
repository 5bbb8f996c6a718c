"""Alarms about endpoints that take nothing, and about what they did not get."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import database_now
from streamhub.webhooks.models import Delivery, DeliveryState, Endpoint
from streamhub.webhooks.told import REFUSED

# A restart of a receiver is no news.
FAILING_FOR = timedelta(minutes=15)
VIEW = "webhooks.view_endpoint"


def current() -> list[Condition]:
    """For each endpoint: that it does not answer or is gone, what it refuses or did not get. Five queries."""
    now = database_now()
    # With nothing to send nobody knows whether it still fails.
    something = Delivery.objects.filter(state=DeliveryState.WAITING).values("endpoint")
    failing = Endpoint.objects.filter(failing_since__lt=now - FAILING_FOR, active=True, pk__in=something)
    gone = Endpoint.objects.filter(active=False).exclude(paused_because="")
    waiting = Delivery.objects.filter(REFUSED, state=DeliveryState.WAITING, endpoint__active=True)
    refused = _counted(waiting.filter(due_since__lt=now - FAILING_FOR), "due_since")
    failed = _counted(Delivery.objects.filter(state=DeliveryState.FAILED), "state_since")
    return [
        *map(_failing, failing),
        *map(_gone, gone),
        *map(_refusing, refused),
        *map(_undelivered, failed),
    ]


def _counted(deliveries: QuerySet[Delivery], since: str) -> Iterable[Mapping[str, Any]]:
    rows = deliveries.values("endpoint", "endpoint__name").order_by()
    return rows.annotate(count=Count("pk"), since=Min(since))


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
        sentence=_("The webhook endpoint %(name)s takes nothing.") % {"name": row.name},
        hint=_(
            "Ask who runs it. What it misses waits, and is sent when it answers again. It is asked every "
            "five minutes, and at once after Edit with another address or key. Pause ends this alarm."
        ),
        aws_error=row.last_error,
        since=row.failing_since,
    )


def _gone(row: Endpoint) -> Condition:
    return _condition(
        row.pk,
        row.name,
        rule="webhook_gone",
        sentence=_("The webhook endpoint %(name)s is paused: %(paused_because)s")
        % {"name": row.name, "paused_because": row.paused_because},
        hint=_("Correct its address and press Resume, or delete it."),
        since=row.failing_since or row.created_at,
    )


def _refusing(row: Mapping[str, Any]) -> Condition:
    return _condition(
        row["endpoint"],
        row["endpoint__name"],
        rule="webhook_refused",
        sentence=_("%(endpoint__name)s refuses %(count)s of its events.")
        % {"endpoint__name": row["endpoint__name"], "count": row["count"]},
        hint=_("The page says why. They are sent again for five days; the others go on."),
        since=row["since"],
    )


def _undelivered(row: Mapping[str, Any]) -> Condition:
    return _condition(
        row["endpoint"],
        row["endpoint__name"],
        rule="webhook_undelivered",
        sentence=_("%(endpoint__name)s did not get %(count)s of its events.")
        % {"endpoint__name": row["endpoint__name"], "count": row["count"]},
        hint=_("The page says why. Then press Send again, or Dismiss if nobody needs them."),
        since=row["since"],
    )


ALARMS = (AlarmSource(VIEW, current),)
