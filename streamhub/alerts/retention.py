"""How long resolved alarms are kept."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from streamhub.alerts.models import Alarm
from streamhub.clock import from_now
from streamhub.lifecycle.lease import JobRun

# A year can be compared with the one before. What is open or acknowledged stays.
KEPT_FOR = timedelta(days=400)
BATCH = 1000


def purge(run: JobRun) -> None:
    """Delete the alarms that were resolved over `KEPT_FOR` ago, with their notices."""
    deleted = 0
    while old := list(_old()[:BATCH]):
        Alarm.objects.filter(pk__in=old).delete()
        deleted += len(old)
        run.extend()
    run.say(f"deleted: {deleted}")


def _old() -> QuerySet[Alarm, int]:
    resolved = Alarm.objects.filter(resolved_at__lt=from_now(-KEPT_FOR))
    return resolved.order_by("pk").values_list("pk", flat=True)
