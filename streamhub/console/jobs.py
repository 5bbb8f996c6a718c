"""The health of periodic jobs and processes as badges: running, well, overdue, failing, off, silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streamhub.clock import database_now
from streamhub.console.badges import Badge, Tone, busy
from streamhub.lifecycle.heartbeat import is_of_one_worker, is_silent
from streamhub.lifecycle.job_health import JobHealth, Word, all_jobs
from streamhub.lifecycle.models import Heartbeat
from streamhub.lifecycle.silence import cause_of_silence

WELL = Badge(Tone.GOOD, "check_circle")
LATE = Badge(Tone.BAD, "timer_off")
BADGES = {
    Word.WELL: WELL,
    Word.RUNNING: busy(),
    Word.NEW: Badge(Tone.WARN, "hourglass_empty"),
    Word.OFF: Badge(Tone.BAD, "pause_circle"),
    Word.UNSCHEDULED: Badge(Tone.BAD, "event_busy"),
    Word.LATE: LATE,
    Word.FAILING: Badge(Tone.BAD, "error"),
}
OPTIONAL = Badge(Tone.WARN, "pause_circle")


@dataclass(frozen=True)
class Health:
    """The health of one job or process: its badge, the badge's word, since when, and its last message."""

    name: str
    badge: Badge
    word: str
    since: datetime | None
    detail: str = ""


def shown(job: JobHealth) -> Health:
    """A job as the pages show it. What is off and not required is no trouble."""
    badge = BADGES[job.word]
    if badge.tone == Tone.BAD and not job.required:
        badge = OPTIONAL
    return Health(job.name, badge, job.word, job.since, job.detail)


def heartbeat_health(row: Heartbeat, now: datetime) -> Health:
    """The health of a process at `now`. Queries only if it is silent, for the cause."""
    silent = is_silent(row.beat_at, now)
    if silent:
        return Health(row.name, LATE, "silent", row.beat_at, cause_of_silence(row.name))
    return Health(row.name, WELL, "alive", row.beat_at, row.note)


def processes(now: datetime) -> list[Health]:
    """Beat and all workers together, then each worker, those that need attention first. One query."""
    healths = [heartbeat_health(row, now) for row in Heartbeat.objects.order_by("name")]
    return sorted(healths, key=lambda health: (is_of_one_worker(health.name), health.badge == WELL))


def by_name() -> dict[str, Health]:
    """All periodic jobs of the code. Three queries."""
    return {job.name: shown(job) for job in all_jobs()}


def all_healths() -> list[Health]:
    """Processes first, then jobs, each by name. Four queries."""
    return processes(database_now()) + list(by_name().values())
