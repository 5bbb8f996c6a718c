"""The health of periodic jobs and processes: running, well, overdue, failed, silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django_celery_beat.models import PeriodicTask

from streamhub.clock import database_now
from streamhub.console.badges import Badge, Tone, busy
from streamhub.lifecycle.heartbeat import is_silent
from streamhub.lifecycle.models import Heartbeat, Job
from streamhub.lifecycle.silence import cause_of_silence

# A job counts as overdue after this many periods plus one minute.
LATE_PERIODS = 3

WELL = Badge(Tone.GOOD, "check_circle")
FAILED = Badge(Tone.BAD, "error")
LATE = Badge(Tone.BAD, "timer_off")
OFF = Badge(Tone.WARN, "pause_circle")
NEVER = Badge(Tone.WARN, "hourglass_empty")


@dataclass(frozen=True)
class Health:
    """The health of one job or process: its badge, the badge's word, since when, and its last message."""

    name: str
    badge: Badge
    word: str
    since: datetime | None
    detail: str = ""


@dataclass(frozen=True)
class Period:
    """How often a job runs, and whether it is switched on."""

    every: timedelta
    enabled: bool


def periods() -> dict[str, Period]:
    """The schedule of every interval job, by the job's name."""
    tasks = PeriodicTask.objects.filter(interval__isnull=False).select_related("interval")
    return {
        task.name: Period(timedelta(**{task.interval.period: task.interval.every}), task.enabled)
        for task in tasks
    }


def health_of(job: Job, schedule: Mapping[str, Period], now: datetime) -> Health:
    """The health of one job at `now`; `schedule` is the result of `periods()`."""
    period = schedule.get(job.name)
    if job.lease_token and job.leased_until and job.leased_until > now:
        return Health(job.name, busy(), "running", job.started_at)
    if job.error:
        return Health(job.name, FAILED, "failed", job.finished_at, job.error)
    if period is not None and not period.enabled:
        return Health(job.name, OFF, "switched off", job.finished_at, job.outcome)
    if job.finished_at is None:
        return Health(job.name, NEVER, "never finished", job.started_at)
    if period is not None and now - job.finished_at > LATE_PERIODS * period.every + timedelta(minutes=1):
        return Health(job.name, LATE, "overdue", job.finished_at, job.outcome)
    return Health(job.name, WELL, "well", job.finished_at, job.outcome)


def heartbeat_health(row: Heartbeat, now: datetime) -> Health:
    """The health of one kind of process at `now`. Queries only if it is silent, for the cause."""
    silent = is_silent(row.beat_at, now)
    if silent:
        return Health(row.name, LATE, "silent", row.beat_at, cause_of_silence(row.name))
    return Health(row.name, WELL, "alive", row.beat_at, row.note)


def all_healths() -> list[Health]:
    """Processes first, then jobs, each by name. Four queries."""
    schedule, now = periods(), database_now()
    beats = [heartbeat_health(row, now) for row in Heartbeat.objects.order_by("name")]
    return beats + [health_of(job, schedule, now) for job in Job.objects.order_by("name")]
