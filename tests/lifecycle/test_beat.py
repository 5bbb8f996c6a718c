"""Beat by the database's clock: its host's clock, a restored schedule and a corrected clock stop no job."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from streamhub.celery import app
from streamhub.clock import database_now, from_now
from streamhub.lifecycle import beat, clocks, wake
from streamhub.lifecycle.models import Heartbeat, Job
from streamhub.lifecycle.schedule import schedule_correct
from streamhub.lifecycle.silence import cause_of_silence
from streamhub.lifecycle.tasks import sweep
from streamhub.seeds import seed_periodics

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Sent:
    """What the scheduler sends: (job's name, headers)."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []

    @property
    def names(self) -> list[str]:
        return sorted(name for name, _headers in self.messages)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The schedule of a new installation, with an own clock for beat, whose messages are kept."""
    seed_periodics()
    PeriodicTask.objects.exclude(name__in=("sweep", "drift", "check_alarms")).delete()
    monkeypatch.setattr(beat, "CLOCK", beat.DatabaseClock())
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", lambda: None)
    kept = Sent()

    def apply_async(self: Any, message: Any, **_options: Any) -> None:
        assert "expires" not in message.options
        kept.messages.append((message.name, message.options["headers"]))

    monkeypatch.setattr("celery.beat.Scheduler.apply_async", apply_async)
    return kept


def scheduler() -> beat.Scheduler:
    running = beat.Scheduler(app=app)
    running.producer = None  # `Sent` keeps the messages
    running._finalize.cancel()  # nothing is written when the tests end
    running.tick()  # which reads the database's clock
    return running


def ticks(running: beat.Scheduler, count: int = 12) -> None:
    for _ in range(count):
        running.tick()


def ran(ago: timedelta) -> None:
    PeriodicTask.objects.update(last_run_at=from_now(-ago))


def test_what_is_due_is_sent_once(sent: Sent) -> None:
    ran(timedelta(seconds=30))
    ticks(scheduler())
    assert sent.names == ["check_alarms", "sweep"]


@pytest.mark.parametrize("minutes", [-5, 5])
def test_the_clock_of_beats_host_neither_stops_nor_doubles_a_job(sent: Sent, minutes: int) -> None:
    ran(timedelta(seconds=30))
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        running = scheduler()
        ticks(running)
        assert sent.names == ["check_alarms", "sweep"]
        running.sync()
    last = PeriodicTask.objects.get(name="sweep").last_run_at
    assert abs(last - database_now()) < timedelta(seconds=10)
    assert clocks.clock_offsets()[0].role == "beat"


def test_a_last_run_in_the_future_is_corrected_at_the_start(
    sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    Heartbeat.objects.create(name="beat", beat_at=database_now())
    ran(-HOUR)
    caplog.set_level(logging.WARNING)
    running = scheduler()
    assert "The last run" not in caplog.text
    assert "the last run of 3 periodic jobs was up to 3600 s in the future. Corrected." in caplog.text
    assert "in the future. Corrected." in Heartbeat.objects.get().note
    assert not PeriodicTask.objects.filter(last_run_at__gt=from_now(timedelta(seconds=1))).exists()
    forward(timedelta(seconds=11))
    ticks(running)
    assert sent.names == ["check_alarms", "sweep"]


def test_a_row_without_a_last_run_that_was_changed_in_the_future_waits_only_a_period(sent: Sent) -> None:
    PeriodicTask.objects.update(last_run_at=None, date_changed=timezone.now() + HOUR)
    running = scheduler()
    forward(timedelta(seconds=11))
    ticks(running)
    assert sent.names == ["check_alarms", "sweep"]


def forward(span: timedelta) -> None:
    """Let beat's clock go on."""
    beat.CLOCK.follow(beat.CLOCK.now() + span)


def test_a_database_clock_that_goes_back_stops_nothing(
    sent: Sent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The database of before was an hour ahead; another server with the right clock takes over."""
    ahead = [HOUR]
    monkeypatch.setattr(clocks, "database_now", lambda: database_now() + ahead[0])
    beat.CLOCK.follow(database_now() + HOUR)
    ran(timedelta(seconds=30))
    running = scheduler()
    ticks(running)
    assert sent.names == ["check_alarms", "drift", "sweep"]
    sent.messages.clear()
    ahead[0] = timedelta()
    running._measured = float("-inf")
    running.tick()
    assert "clock jumped by -3600.0 s" in caplog.text
    forward(timedelta(seconds=11))
    ticks(running)
    assert sent.names == ["check_alarms", "sweep"]


def test_a_change_by_a_host_that_is_behind_is_seen(sent: Sent) -> None:
    running = scheduler()
    running.tick()
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        PeriodicTask.objects.get(name="sweep").save()
    running.tick()
    task = PeriodicTask.objects.get(name="drift")
    task.enabled = False
    task.save()
    running.tick()
    assert "drift" not in running._schedule


# --- messages that are too old ----------------------------------------------------------------


@pytest.fixture
def message(sent: Sent) -> dict[str, Any]:
    ran(timedelta(seconds=30))
    ticks(scheduler())
    return next(headers for name, headers in sent.messages if name == "sweep")


def test_a_message_says_until_when_it_is_worth_carrying_out(message: dict[str, Any]) -> None:
    left = datetime.fromisoformat(message[wake.VALID_UNTIL]) - database_now()
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)


def carry_out(headers: dict[str, Any]) -> bool:
    """Whether the worker's task did anything."""
    sweep.push_request(**headers)
    try:
        sweep()
    finally:
        sweep.pop_request()
    return Job.objects.filter(name="sweep", finished_at__isnull=False).exists()


@pytest.mark.parametrize("minutes", [-5, 5])
def test_the_clock_of_the_workers_host_does_not_matter_to_a_message(
    message: dict[str, Any], minutes: int
) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        assert carry_out(message)


def test_a_message_that_is_too_old_is_dropped(message: dict[str, Any]) -> None:
    assert not carry_out({**message, wake.VALID_UNTIL: (database_now() - timedelta(seconds=1)).isoformat()})


def test_a_message_without_an_end_is_carried_out(sent: Sent) -> None:
    assert carry_out({})


# --- bootstrap, and the cause of silence -------------------------------------------------------


def test_bootstrap_corrects_only_what_is_ahead(sent: Sent) -> None:
    ran(HOUR)
    before = PeriodicTask.objects.get(name="drift").last_run_at
    PeriodicTask.objects.filter(name="sweep").update(last_run_at=from_now(HOUR))
    assert schedule_correct().endswith(
        "the last run of 1 periodic job was up to 3600 s in the future. Corrected."
    )
    assert PeriodicTask.objects.get(name="drift").last_run_at == before
    assert PeriodicTask.objects.get(name="sweep").last_run_at <= database_now()
    assert schedule_correct() == ""


@pytest.mark.parametrize(
    ("last_ran", "cause"),
    [
        pytest.param(HOUR, "No beat process has reached the database", id="nothing"),
        pytest.param(-HOUR, "its jobs last ran 3600 s in the future", id="ahead"),
    ],
)
def test_a_silent_beat_names_its_cause(sent: Sent, last_ran: timedelta, cause: str) -> None:
    ran(last_ran)
    assert cause in cause_of_silence("beat")
