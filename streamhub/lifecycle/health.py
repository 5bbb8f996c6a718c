"""What StreamHub needs in order to see and to act: database, broker, workers, beat, AWS and its own jobs.

The facts stand here once. The health page shows them all, `/readyz` says what is wrong, and what is wrong is
an alarm, which the banner shows on every page. Apps add facts of their own as `health_facts`: functions
without arguments that return facts and make a constant number of queries (see `streamhub.contributions`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.clock import database_now
from streamhub.contributions import contributed
from streamhub.lifecycle import broker, unread
from streamhub.lifecycle.heartbeat import is_of_one_worker, is_silent, replaced
from streamhub.lifecycle.job_health import JobHealth, Word, all_jobs
from streamhub.lifecycle.models import Heartbeat
from streamhub.lifecycle.silence import cause_of_silence


class Group(StrEnum):
    """The groups of the health page, in their order."""

    DATABASE = "Database"
    BROKER = "Broker"
    WORKERS = "Workers"
    BEAT = "Beat"
    CLOCKS = "Clocks"
    AWS = "AWS"
    JOBS = "Jobs"


@dataclass(frozen=True)
class HealthFact:
    """One thing that StreamHub needs.

    `ok` None: not known, or not needed now. `word`: its state in a word or two. `detail`: a sentence without
    AWS's texts or addresses. `since`: when it became so, as far as is known. `remedy`: what to do. `rule`:
    the alarm while it is not ok ("": none here); `critical`: shows are at stake at once. `aws_error`: AWS's
    text, or the job's. `public`: what `/readyz` says to anyone instead of a `detail` that names a host.
    `needed`: False if StreamHub is ready without it, because another one does its work.
    """

    group: Group
    name: str
    ok: bool | None
    word: str
    detail: str
    since: datetime | None = None
    remedy: str = ""
    rule: str = ""
    critical: bool = True
    aws_error: str = ""
    public: str = ""
    needed: bool = True

    @property
    def for_anyone(self) -> str:
        """What is wrong, without names of hosts."""
        return self.public or self.detail


FactReader = Callable[[], list[HealthFact]]


def facts() -> list[HealthFact]:
    """All facts, by group and then in the order in which they were declared."""
    readers: tuple[FactReader, ...] = contributed("health_facts")
    found = [fact for reader in readers for fact in reader()]
    order = list(Group)
    return sorted(found, key=lambda fact: order.index(fact.group))


def own_facts() -> list[HealthFact]:
    """The facts of the life cycle. Six queries, seven with PostgreSQL, and a knock at the broker."""
    rows, now = list(Heartbeat.objects.order_by("name")), database_now()
    beats, gone = {row.name: row.beat_at for row in rows}, replaced(rows, now)
    jobs, services = all_jobs(), unread.services()
    processes = [_broker(beats, jobs), _worker(beats, now), _beat(beats, now)]
    if processes[0].ok is False:
        # A worker's heartbeat depends on its connection to the broker, so it says nothing now.
        processes[1] = _unknown(
            processes[1], gettext("not known"), gettext("Its heartbeat needs the broker.")
        )
    cause = next((fact.name for fact in processes if fact.ok is False), "")
    aws = [_service(service, now) for service in services]
    blind = any(fact.ok is False for fact in aws)
    workers = [row for row in rows if is_of_one_worker(row.name)]
    single = [_one_worker(row, now, processes[1], row.name in gone) for row in workers]
    return [_database(), *processes, *single, *aws, *(_job(job, cause, blind) for job in jobs)]


def _unknown(fact: HealthFact, word: str, detail: str) -> HealthFact:
    return HealthFact(fact.group, fact.name, None, word, detail, fact.since)


def _database() -> HealthFact:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_read_only') = 'on'")
            if cursor.fetchone()[0]:
                return HealthFact(
                    Group.DATABASE,
                    "database",
                    False,
                    "read-only",
                    gettext("The database can be read but not written: nothing is started or stopped."),
                    remedy=gettext(
                        "Fail over to a writer, or correct DATABASE_URL; the processes connect again."
                    ),
                    rule="database_read_only",
                )
    return HealthFact(
        Group.DATABASE,
        "database",
        True,
        "answers",
        gettext("It answers (%(vendor)s).") % {"vendor": connection.vendor},
    )


def _broker(beats: dict[str, datetime], jobs: list[JobHealth]) -> HealthFact:
    state = broker.state()
    if state == broker.State.ANSWERS:
        return HealthFact(Group.BROKER, "broker", True, state, gettext("It takes messages."))
    said, remedy = _BROKER_SAID[state]
    return HealthFact(
        Group.BROKER,
        "broker",
        False,
        state,
        str(said),
        max(filter(None, (beats.get("worker"), *(job.since for job in jobs if job.well))), default=None),
        str(remedy),
        "broker_down",
    )


_BROKER_SAID = {
    broker.State.DOWN: (
        _(
            "The broker does not answer: no step reaches a worker. What runs goes on; nothing is started, "
            "stopped or looked at."
        ),
        _("Start Redis, or check CELERY_BROKER_URL. Workers and beat connect again by themselves."),
    ),
    broker.State.REFUSES: (
        _(
            "The broker answers, but refuses messages: no step reaches a worker. What runs goes on; nothing "
            "is started, stopped or looked at."
        ),
        _(
            "Redis is out of memory (maxmemory), cannot write to its disk, or is a replica: its log and that "
            "of web say which. Nothing has to be started again afterwards."
        ),
    ),
}


def _worker(beats: dict[str, datetime], now: datetime) -> HealthFact:
    return _process(
        Group.WORKERS,
        "worker",
        beats,
        now,
        gettext(
            "No worker is alive: nothing is started, stopped or looked at. What is on air goes on. The pages "
            "show AWS as it was then."
        ),
        gettext("Start or restart the workers (celery -A streamhub worker); their log says why they ended."),
    )


def _one_worker(row: Heartbeat, now: datetime, together: HealthFact, is_replaced: bool) -> HealthFact:
    """One of the workers; `together`: what is said of all. While that is not well, this says no more."""
    name, beat_at = row.name, row.beat_at
    if not is_silent(beat_at, now):
        said = gettext("It reports every ten seconds.")
        return HealthFact(Group.WORKERS, name, True, "alive", said, beat_at)
    if is_replaced:
        said = gettext("It reports no more. Another worker has come in its place.")
        return HealthFact(Group.WORKERS, name, None, "silent", said, beat_at)
    if not together.ok:
        return HealthFact(Group.WORKERS, name, None, "silent", gettext("It reports no more."), beat_at)
    return HealthFact(
        Group.WORKERS,
        name,
        False,
        "silent",
        gettext("The worker %(name)s was not told to end, and reports no more: it was killed, or it hangs.")
        % {"name": name},
        beat_at,
        gettext("Others do its work. Restart it or start another; without, this is over after an hour."),
        "worker_stalled",
        critical=False,
        needed=False,
    )


def _beat(beats: dict[str, datetime], now: datetime) -> HealthFact:
    return _process(
        Group.BEAT,
        "beat",
        beats,
        now,
        gettext(
            "Beat is silent: no periodic job is sent, so AWS is not looked at and due steps wait. What is on "
            "air goes on."
        ),
        gettext("Start or restart beat (celery -A streamhub beat); its log says why it ended."),
    )


def _process(
    group: Group, name: str, beats: dict[str, datetime], now: datetime, silence: str, remedy: str
) -> HealthFact:
    beat_at = beats.get(name)
    if beat_at is not None and not is_silent(beat_at, now):
        return HealthFact(group, name, True, "alive", gettext("It reports every ten seconds."), beat_at)
    word = gettext("never seen") if beat_at is None else "silent"
    silence = f"{silence} {cause_of_silence(name)}" if name == "beat" else silence
    return HealthFact(group, name, False, word, silence, beat_at, remedy, f"{name}_silent")


def _service(service: unread.Service, now: datetime) -> HealthFact:
    if not service.needed:
        return HealthFact(
            Group.AWS, service.name, None, gettext("not needed"), gettext("No row has a resource there yet.")
        )
    if service.unread_since is None:
        return HealthFact(
            Group.AWS, service.name, True, "readable", gettext("Its lists could be read."), service.read_at
        )
    # A single refused call is no alarm yet: the next observation may succeed.
    lasts = now - service.unread_since >= timedelta(seconds=2 * settings.OBSERVE_SECONDS)
    return HealthFact(
        Group.AWS,
        service.name,
        False if lasts else None,
        gettext("not readable"),
        gettext("%(name)s could not be read: what the pages show of it may be out of date.")
        % {"name": service.name},
        service.unread_since,
        service.hint,
        "aws_unreadable",
        aws_error=service.error,
    )


_JOB_SAID = {
    Word.OFF: _("The job {name} is switched off in the schedule."),
    Word.UNSCHEDULED: _("The job {name} is not in the schedule: its row, or its interval, was deleted."),
    Word.LATE: _("The job {name} has not finished for longer than three of its periods."),
    Word.FAILING: _("The job {name} does not do all of its work."),
}
_JOB_REMEDY = {
    Word.OFF: _("Switch it on under Schedule."),
    Word.UNSCHEDULED: _("Run manage.py bootstrap: it seeds what is missing and keeps the rest."),
    Word.LATE: _("Look at the log of worker and beat for this job, and whether the queue moves."),
    Word.FAILING: _("The error says what is missing. StreamHub tries again at the next run."),
}
_JOB_RULES = {
    Word.OFF: "job_off",
    Word.UNSCHEDULED: "job_off",
    Word.LATE: "job_late",
    Word.FAILING: "job_failing",
}
# What only follows from a process that is down is not said again for every job.
_FOLLOWS = (Word.LATE, Word.FAILING, Word.RUNNING)


def _job(job: JobHealth, cause: str, aws_unreadable: bool) -> HealthFact:
    ok: bool | None = None if job.word == Word.NEW else job.well
    detail = _JOB_SAID[job.word].format(name=job.name) if not job.well else ""
    if cause and job.word in _FOLLOWS:
        ok, detail = None, gettext("It waits: the %(cause)s is down.") % {"cause": cause}
    elif not job.well and not job.alarming:
        ok = None
    elif aws_unreadable and job.name == "observe" and job.word == Word.FAILING:
        ok, detail = None, gettext("It runs, but AWS could not be read; see AWS above.")
    return HealthFact(
        Group.JOBS,
        job.name,
        ok,
        job.word,
        detail or job.detail,
        job.since,
        "" if job.well else str(_JOB_REMEDY[job.word]),
        _JOB_RULES.get(job.word, ""),
        job.urgent,
        job.detail if job.word == Word.FAILING else "",
    )
