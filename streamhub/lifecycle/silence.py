"""Why a process has no heartbeat: the nearest cause that the database knows."""

from __future__ import annotations

from datetime import datetime

from django_celery_beat.models import PeriodicTask

from streamhub.clock import database_now
from streamhub.lifecycle import clocks
from streamhub.lifecycle.heartbeat import is_silent
from streamhub.lifecycle.jobs import HEARTBEAT
from streamhub.lifecycle.schedule import TOLERANCE


def cause_of_silence(name: str) -> str:
    """Why "worker" or "beat" is silent, and what to do. At most three queries."""
    if name != "beat":
        return "No worker process has reached the database. Start one, or look at its log."
    now = database_now()
    host = _running_beat(now)
    task = PeriodicTask.objects.filter(name=HEARTBEAT.name).first()
    if task is None:
        return "The schedule has no job `heartbeat`. Run `manage.py bootstrap`."
    if not task.enabled:
        return "The job `heartbeat` is switched off in the schedule. Switch it on."
    if task.last_run_at is not None and task.last_run_at - now > TOLERANCE:
        ahead = (task.last_run_at - now).total_seconds()
        return (
            f"The schedule says that its jobs last ran {ahead:.0f} s in the future, as after a restore or "
            "with a clock that was ahead. Restart beat, or run `manage.py bootstrap`: both correct it."
        )
    if host:
        return f"Beat runs on {host}, but no worker carries out what it sends. Look at worker and broker."
    return "No beat process has reached the database. Start it, or look at its log."


def _running_beat(now: datetime) -> str:
    """The host of a beat process that was there within the last minute; "" if there is none."""
    facts = [fact for fact in clocks.clock_offsets() if fact.role == clocks.BEAT]
    return next((fact.host for fact in facts if not is_silent(fact.measured_at, now)), "")
