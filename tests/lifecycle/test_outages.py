"""The database goes away under steps, jobs and beat: they survive, and give back what they hold."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import Error, InterfaceError, InternalError, ProgrammingError
from django_celery_beat.schedulers import DatabaseScheduler

from channels_app.models import Channel
from streamhub.celery import app
from streamhub.lifecycle import heartbeat, outages
from streamhub.lifecycle.beat import RETRY_SECONDS, Scheduler
from streamhub.lifecycle.jobs import SWEEP
from streamhub.lifecycle.models import ClockOffset, Heartbeat
from streamhub.lifecycle.reconcile import reconcile
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db


def reader() -> Error:
    error = InternalError("cannot execute UPDATE in a read-only transaction")
    error.__cause__ = psycopg.errors.ReadOnlySqlTransaction(str(error))
    return error


def fails(times: int, then: Callable[..., Any], error: Callable[[], Error] = reader) -> Callable[..., Any]:
    """A function that fails so many times before it works."""
    left = [times]

    def work(*args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise error()
        return then(*args, **kwargs)

    return work


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "PAUSE_SECONDS", 0)


def test_a_write_is_repeated_until_the_database_is_back() -> None:
    done: list[str] = []
    outages.insist(fails(3, lambda: done.append("once")), "A test")
    assert done == ["once"]


def test_a_write_is_not_repeated_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "INSIST_SECONDS", 0.0)
    with pytest.raises(InternalError):
        outages.insist(fails(1_000_000, lambda: None), "A test")


def test_a_mistake_of_ours_is_not_repeated() -> None:
    work = fails(1, lambda: None, lambda: ProgrammingError("no such table"))
    with pytest.raises(ProgrammingError):
        outages.insist(work, "A test")


def test_a_step_that_lost_its_database_frees_its_row_and_is_no_defect(
    world: WorldUnderTest, stage: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    Channel.objects.filter(pk=stage.pk).update(not_before="2020-01-01T00:00:00Z")
    monkeypatch.setattr("channels_app.driver.ChannelDriver.step", fails(1, lambda claim: None))
    assert reconcile("channels_app.channel", stage.pk)
    stage.refresh_from_db()
    assert stage.claim_token is None
    assert stage.error_code == "database_unavailable"


def test_a_job_that_lost_its_database_frees_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InternalError), SWEEP.single():
        raise reader()
    row = SWEEP.row()
    assert row is not None
    assert row.leased_until is None
    assert "read-only" in row.error


# What Celery says of the worker.
NODE = SimpleNamespace(eventer=SimpleNamespace(hostname="worker1@host"))


def test_the_workers_heartbeat_survives_a_closed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(name: str) -> None:
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr(heartbeat, "beat", closed)
    monkeypatch.setattr(heartbeat, "_noted_at", {})
    heartbeat._worker_is_alive(NODE)


@pytest.mark.parametrize(("queues", "alive"), [([], True), (["bulk"], True), (["urgent"], False)])
def test_a_worker_for_urgent_steps_alone_does_not_hide_that_the_others_are_silent(
    monkeypatch: pytest.MonkeyPatch, queues: list[str], alive: bool
) -> None:
    monkeypatch.setattr(heartbeat, "_noted_at", {})
    monkeypatch.setattr(app.amqp.queues, "_consume_from", None)
    app.amqp.queues.select(queues)  # as `celery worker --queues` does; none: all
    heartbeat._worker_is_alive(NODE)
    assert Heartbeat.objects.filter(name="worker").exists() == alive
    assert ClockOffset.objects.exists()


@pytest.fixture
def _kept_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's transaction is not beat's to close."""
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", lambda: None)


@pytest.mark.usefixtures("_kept_connection")
def test_beat_survives_an_outage_and_reads_its_schedule_again(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(app=app)
    scheduler.tick()
    monkeypatch.setattr(DatabaseScheduler, "tick", fails(1, lambda *_: 5.0))
    assert scheduler.tick() == RETRY_SECONDS
    read: list[bool] = []
    monkeypatch.setattr(Scheduler, "all_as_schedule", lambda self: read.append(True) or {})
    assert scheduler.schedule == {}
    assert read == [True]


@pytest.mark.usefixtures("_kept_connection")
def test_a_mistake_of_ours_ends_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(app=app)
    monkeypatch.setattr(
        DatabaseScheduler, "tick", fails(1, lambda: 5.0, lambda: ProgrammingError("no such table"))
    )
    with pytest.raises(ProgrammingError):
        scheduler.tick()
