"""The health of periodic jobs, from their rows and their schedule: a function of values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django_celery_beat.models import IntervalSchedule, PeriodicTask

from streamhub.clock import database_now
from streamhub.lifecycle.models import Job
from streamhub.lifecycle.periodic import PeriodicJob, periodic_jobs
from streamhub.task_names import QueueName

# A job is late after this many periods plus `GRACE`.
LATE_PERIODS = 3
GRACE = timedelta(minutes=1)


class Word(StrEnum):
    """The health of a job in one word."""

    WELL = "well"
    RUNNING = "running"
    NEW = "not run yet"
    OFF = "switched off"
    UNSCHEDULED = "not in the schedule"
    LATE = "overdue"
    FAILING = "failing"


# Of a required job these are alarms.
NOT_WELL = (Word.OFF, Word.UNSCHEDULED, Word.LATE, Word.FAILING)


@dataclass(frozen=True)
class Schedule:
    """A job's row in the schedule. `every` is None for a crontab or another schedule without a period."""

    enabled: bool
    every: timedelta | None
    changed_at: datetime | None = None


@dataclass(frozen=True)
class JobHealth:
    """One job. `since`: when it became so, as far as is known. `detail`: its last outcome or error.

    `due_at`: when its next run is expected; None while it runs, is off or has no period.
    """

    name: str
    word: Word
    since: datetime | None
    detail: str = ""
    every: timedelta | None = None
    required: bool = True
    urgent: bool = False
    due_at: datetime | None = None

    @property
    def well(self) -> bool:
        return self.word not in NOT_WELL

    @property
    def alarming(self) -> bool:
        return self.required and not self.well


def judge(job: PeriodicJob, row: Job | None, schedule: Schedule | None, now: datetime) -> JobHealth:
    """The health of one job. `row` is None if it never ran, `schedule` if it is not in the schedule."""
    every = (schedule and schedule.every) or timedelta(seconds=job.seconds())

    def health(word: Word, since: datetime | None, detail: str = "") -> JobHealth:
        waits = (
            word not in (Word.RUNNING, Word.OFF, Word.UNSCHEDULED) and schedule is not None and schedule.every
        )
        due_at = last + every if waits and last is not None else None
        urgent = job.queue == QueueName.URGENT
        return JobHealth(job.name, word, since, detail, every, job.required, urgent, due_at)

    outcome = row.outcome if row else ""
    began = row.started_at if row else None
    last = began or (schedule.changed_at if schedule else None)
    if schedule is None:
        return health(Word.UNSCHEDULED, row.finished_at if row else None, outcome)
    if not schedule.enabled:
        return health(Word.OFF, schedule.changed_at, outcome)
    heard = (row and row.finished_at) or schedule.changed_at
    if row and row.lease_token and row.leased_until and row.leased_until > now:
        if row.error and row.failing_since:
            return health(Word.FAILING, row.failing_since, row.error)
        return health(Word.RUNNING, row.started_at, outcome)
    if heard is not None and now - heard > LATE_PERIODS * every + GRACE:
        return health(Word.LATE, heard, outcome)
    if row is None or row.finished_at is None:
        return health(Word.NEW, None)
    if row.error:
        return health(Word.FAILING, row.failing_since or row.finished_at, row.error)
    return health(Word.WELL, row.finished_at, outcome)


def schedules() -> dict[str, Schedule]:
    """The schedule by job. Staff may have several rows of one name's task; the name counts. One query."""
    rows = PeriodicTask.objects.select_related("interval")
    return {
        row.name: Schedule(row.enabled, length_of(row.interval) if row.interval else None, row.date_changed)
        for row in rows
    }


def length_of(interval: IntervalSchedule) -> timedelta:
    """A row's period as a span of time."""
    return timedelta(**{interval.period: interval.every})


def all_jobs(schedule: Mapping[str, Schedule] | None = None) -> list[JobHealth]:
    """The health of every periodic job of the apps, by name. Three queries."""
    schedule = schedules() if schedule is None else schedule
    rows = {row.name: row for row in Job.objects.all()}
    now = database_now()
    jobs = sorted(periodic_jobs(), key=lambda job: job.name)
    return [judge(job, rows.get(job.name), schedule.get(job.name), now) for job in jobs]
