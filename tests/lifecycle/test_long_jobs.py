"""Long jobs leave slots of the workers free: a third one waits, and is asked for when it may run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from billing import jobs, tasks
from billing.jobs import COLLECT_METRICS, FETCH_BILLS, IMPORT_BILLS, MAKE_DRAFTS, READ_PRICE_LIST
from streamhub.clock import database_now, from_now
from streamhub.lifecycle import periodic, wake
from streamhub.lifecycle.job_health import Word, all_jobs
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import Job, WorkerProcess
from streamhub.lifecycle.sweep import sweep
from streamhub.lifecycle.workers import SILENT_AFTER

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were asked for."""
    names: list[str] = []
    monkeypatch.setattr(wake, "send", lambda task, args, queue, **_options: names.append(task))
    return names


def ran(job: periodic.PeriodicJob) -> list[JobRun]:
    """The runs that a message of the job begins: one or none."""
    runs: list[JobRun] = []
    job.run(runs.append)
    return runs


def test_a_third_long_job_waits_and_is_asked_for_after_the_end_of_one(sent: list[str]) -> None:
    with MAKE_DRAFTS.single():
        with IMPORT_BILLS.single():
            assert ran(FETCH_BILLS) == []
            assert ran(COLLECT_METRICS) != [], "short ones do not wait"
            sweep()
            assert sent == []
        sweep()
        assert sent == [FETCH_BILLS.task]
        assert ran(FETCH_BILLS) != []
        sweep()
    assert sent == [FETCH_BILLS.task]
    assert Job.objects.get(name=FETCH_BILLS.name).outcome == ""


def test_a_job_that_waits_is_asked_for_after_the_death_of_another_ones_worker(sent: list[str]) -> None:
    with MAKE_DRAFTS.single(), IMPORT_BILLS.single():
        ran(FETCH_BILLS)
        WorkerProcess.objects.create(token="gone", host="here", pid=1)
        Job.objects.filter(name=IMPORT_BILLS.name).update(leased_by="gone")
        sweep()
        assert sent == [], "it may only be slow"
        silent = from_now(-SILENT_AFTER - timedelta(seconds=1))
        WorkerProcess.objects.update(beat_at=silent)
        Job.objects.filter(name=IMPORT_BILLS.name).update(started_at=silent)
        sweep()
        assert sent == [FETCH_BILLS.task, IMPORT_BILLS.task], "the one that died, too"


def test_a_lost_message_is_sent_again_and_a_late_one_is_void(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, str]] = []
    monkeypatch.setattr(wake, "send", lambda *_message, headers, **_options: sent.append(headers))
    with MAKE_DRAFTS.single(), IMPORT_BILLS.single():
        ran(FETCH_BILLS)
    sweep()
    sweep()
    first, _second = (datetime.fromisoformat(headers[wake.VALID_UNTIL]) for headers in sent)
    assert first - database_now() < timedelta(seconds=10)


def test_waiting_is_an_outcome_and_no_failure(sent: list[str]) -> None:
    with MAKE_DRAFTS.single(), IMPORT_BILLS.single():
        ran(FETCH_BILLS)
    row = Job.objects.get(name=FETCH_BILLS.name)
    assert (row.outcome, row.error, row.history) == ("waits: 2 other long jobs are running", "", [])
    health: Any = next(job for job in all_jobs() if job.name == FETCH_BILLS.name)
    assert health.word is not Word.FAILING


def test_a_job_that_failed_and_waits_now_is_still_failing(sent: list[str]) -> None:
    Job.objects.create(name=FETCH_BILLS.name, error="no bucket", failing_since=Now(), finished_at=Now())
    before = Job.objects.get(name=FETCH_BILLS.name)
    with MAKE_DRAFTS.single(), IMPORT_BILLS.single():
        ran(FETCH_BILLS)
    row = Job.objects.get(name=FETCH_BILLS.name)
    assert row.error == "no bucket"
    assert (row.failing_since, row.finished_at) == (before.failing_since, before.finished_at)


def test_one_whose_last_run_died_is_asked_for_too(sent: list[str]) -> None:
    Job.objects.create(name=FETCH_BILLS.name, lease_token="dead", leased_until=from_now(-timedelta(hours=1)))
    with MAKE_DRAFTS.single(), IMPORT_BILLS.single():
        ran(FETCH_BILLS)
    sweep()
    assert sent == [FETCH_BILLS.task]


def dies(*jobs: periodic.PeriodicJob) -> None:
    """The worker that runs them is killed, and that is noticed."""
    silent = from_now(-SILENT_AFTER - timedelta(seconds=1))
    WorkerProcess.objects.get_or_create(token="gone", host="here", pid=1)
    WorkerProcess.objects.update(beat_at=silent)
    until = from_now(timedelta(minutes=59))
    for job in jobs:
        Job.objects.get_or_create(name=job.name)
        held = {"lease_token": "dead", "leased_until": until, "leased_by": "gone", "started_at": silent}
        Job.objects.filter(name=job.name).update(**held)


@pytest.mark.parametrize("job", [FETCH_BILLS, READ_PRICE_LIST], ids=lambda job: job.name)
def test_a_job_whose_worker_died_is_asked_for_and_not_only_at_its_next_turn(
    job: periodic.PeriodicJob, sent: list[str]
) -> None:
    dies(job)
    sweep()
    assert sent == [job.task]
    assert ran(job) != []
    sweep()
    assert sent == [job.task]
    assert Job.objects.get(name=job.name).outcome == ""


def test_a_job_that_kills_its_worker_again_waits_for_its_turn(sent: list[str]) -> None:
    dies(FETCH_BILLS)
    FETCH_BILLS.run(lambda _run: dies(FETCH_BILLS))
    row = Job.objects.get(name=FETCH_BILLS.name)
    assert (row.outcome, row.lease_token) == ("runs again: the worker of its last run died", "dead")
    sweep()
    assert sent == []
    assert ran(FETCH_BILLS) != [], "its turn"


def test_a_job_of_a_worker_that_is_only_slow_is_not_asked_for(sent: list[str]) -> None:
    dies(FETCH_BILLS)
    WorkerProcess.objects.update(beat_at=Now())
    sweep()
    assert sent == []


def test_a_long_job_whose_worker_died_waits_for_its_place(sent: list[str]) -> None:
    dies(FETCH_BILLS)
    with MAKE_DRAFTS.single(), IMPORT_BILLS.single():
        sweep()
        assert sent == []
    sweep()
    assert sent == [FETCH_BILLS.task]


def test_what_a_dead_worker_held_is_no_reason_to_wait(sent: list[str]) -> None:
    silent = from_now(-SILENT_AFTER - timedelta(minutes=1))
    WorkerProcess.objects.create(token="gone", host="here", pid=1)
    WorkerProcess.objects.update(beat_at=silent)
    with MAKE_DRAFTS.single(), IMPORT_BILLS.single():
        Job.objects.filter(name=IMPORT_BILLS.name).update(leased_by="gone", started_at=silent)
        assert ran(FETCH_BILLS) != []


def test_long_is_what_may_take_longer_than_ten_minutes() -> None:
    """By the limits of billing's tasks. Those of others read lists of AWS for at most half an hour."""
    found = [each for each in vars(tasks).values() if hasattr(each, "soft_time_limit")]
    limits = {task.name: task.soft_time_limit for task in found}
    long = {job.name for job in jobs.PERIODIC_JOBS if job.long}
    assert long == {job.name for job in jobs.PERIODIC_JOBS if limits[job.task] > 600}


def test_a_second_run_of_a_running_job_is_not_put_off(sent: list[str]) -> None:
    """Its row belongs to the run that there is."""
    with MAKE_DRAFTS.single(), FETCH_BILLS.single():
        until = from_now(timedelta(hours=1))
        Job.objects.create(name=IMPORT_BILLS.name, lease_token="another", leased_until=until)
        assert ran(FETCH_BILLS) == []
        row = Job.objects.get(name=FETCH_BILLS.name)
        assert (row.outcome, row.finished_at) == ("", None)
