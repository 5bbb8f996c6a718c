"""Why a process has no heartbeat: the nearest cause that the database knows."""

from __future__ import annotations

from django.db.models import Max
from django.utils.translation import gettext as _
from django_celery_beat.models import PeriodicTask

from streamhub.clock import database_now
from streamhub.lifecycle.heartbeat import is_of_one_worker
from streamhub.lifecycle.schedule import TOLERANCE


def cause_of_silence(name: str) -> str:
    """Why a process (`Heartbeat.name`) is silent, and what to do. At most two queries."""
    if is_of_one_worker(name):
        return _("It was not told to end: it was killed, or it hangs. Restart it, or look at its log.")
    if name != "beat":
        return _("No worker process has reached the database. Start one, or look at its log.")
    last = PeriodicTask.objects.aggregate(last=Max("last_run_at"))["last"]
    ahead = (last - database_now()).total_seconds() if last is not None else 0.0
    if ahead > TOLERANCE.total_seconds():
        return _(
            "The schedule says that its jobs last ran %(seconds)s s in the future, as after a restore or "
            "with a clock that was ahead. Restart beat, or run `manage.py bootstrap`: both correct it."
        ) % {"seconds": f"{ahead:.0f}"}
    return _("No beat process has reached the database. Start it, or look at its log.")
