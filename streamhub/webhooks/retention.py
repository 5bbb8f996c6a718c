"""How long events are kept, and with them their deliveries: so long they can be sent again."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from streamhub.clock import from_now
from streamhub.lifecycle.lease import JobRun
from streamhub.webhooks.kinds import usage_kinds
from streamhub.webhooks.models import Event

KEPT_FOR = timedelta(days=30)
# Usage is money: a year can be compared with what was billed.
USAGE_KEPT_FOR = timedelta(days=400)
BATCH = 1000


def purge(run: JobRun) -> None:
    """Delete the events that are older, whether they were delivered or not."""
    deleted = 0
    for rows in _old():
        while old := list(rows[:BATCH]):
            Event.objects.filter(pk__in=old).delete()
            deleted += len(old)
            run.extend()
    run.say(f"deleted: {deleted}")


def _old() -> tuple[QuerySet[Event, int], QuerySet[Event, int]]:
    usage = usage_kinds()
    rows = Event.objects.order_by("pk").values_list("pk", flat=True)
    return (
        rows.filter(at__lt=from_now(-KEPT_FOR)).exclude(kind__in=usage),
        rows.filter(at__lt=from_now(-USAGE_KEPT_FOR), kind__in=usage),
    )
