"""Each worker has its own heartbeat: one that hangs is told apart, one that was told to end is not missed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from celery.signals import heartbeat_sent, worker_init, worker_shutting_down
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import Client

from streamhub.alerts.blindness import conditions
from streamhub.celery import app
from streamhub.clock import from_now
from streamhub.lifecycle import heartbeat
from streamhub.lifecycle.health import own_facts
from streamhub.lifecycle.models import Heartbeat
from tests.scenarios.well import all_well

pytestmark = pytest.mark.django_db

HERE = socket.gethostname()
STALLED = [("worker_stalled", "worker", "worker2@b")]


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(heartbeat, "_told_to_end", threading.Event())
    monkeypatch.setattr(app.amqp.queues, "_consume_from", None)
    app.amqp.queues.select([])
    yield
    app.amqp.queues.select([])


class Sender:
    """Celery's worker of this name, or its heart."""

    def __init__(self, name: str) -> None:
        self.hostname = name
        self.eventer = SimpleNamespace(hostname=name)


def beats(name: str) -> None:
    """What Celery does every few seconds in a worker."""
    heartbeat._noted_at.clear()
    heartbeat_sent.send(sender=Sender(name))


def silent(*names: str, seconds: int = 40) -> None:
    """These report no more for so long; all have been there for an hour."""
    Heartbeat.objects.update(first_at=F("first_at") - timedelta(hours=1))
    Heartbeat.objects.filter(name__in=names).update(beat_at=from_now(-timedelta(seconds=seconds)))


def alarms() -> list[tuple[str, str, str]]:
    return [(each.rule, each.kind, each.object_id) for each in conditions()]


def test_one_that_hangs_is_told_apart_and_readiness_is_of_all_together(client: Client) -> None:
    all_well()
    beats("worker1@a"), beats("worker2@b")
    assert alarms() == []
    silent("worker2@b")
    assert alarms() == STALLED
    (found,) = conditions()
    assert (found.severity, "worker2@b was not told to end" in found.sentence) == ("warning", True)
    answer = client.get("/readyz")
    (worker,) = [check for check in answer.json()["checks"] if check["name"] == "worker"]
    assert worker == {"name": "worker", "ok": True, "detail": "Well: 2 of 3."}
    beats("worker2@b")
    assert alarms() == []


def test_one_for_urgent_steps_alone_is_missed_too() -> None:
    all_well()
    app.amqp.queues.select(["urgent"])
    beats("worker2@b")
    silent("worker2@b")
    assert alarms() == STALLED


def test_if_all_are_silent_that_is_the_alarm() -> None:
    all_well()
    beats("worker1@a"), beats("worker2@b")
    silent("worker", "worker1@a", "worker2@b")
    assert alarms() == [("worker_silent", "worker", "worker")]


def test_while_all_are_silent_nobody_is_told_to_restart_one_and_that_others_do_its_work() -> None:
    all_well()
    beats("worker2@b")
    silent("worker", "worker2@b")
    (single,) = [fact for fact in own_facts() if fact.name == "worker2@b"]
    assert (single.ok, single.detail, single.remedy) == (None, "It reports no more.", "")


@pytest.mark.django_db(transaction=True)
def test_one_that_was_told_to_end_is_not_missed_however_long_it_takes() -> None:
    beats("worker2@b")
    worker_shutting_down.send(sender="worker2@b", sig="TERM", how="Warm", exitcode=0)
    for thread in threading.enumerate():
        if thread.name == "leave":
            thread.join()
    assert not Heartbeat.objects.filter(name="worker2@b").exists()
    beats("worker2@b")  # its last word
    assert not Heartbeat.objects.filter(name="worker2@b").exists()


@pytest.mark.django_db(transaction=True)
def test_one_that_was_killed_before_its_first_report_is_missed() -> None:
    worker_init.send(sender=Sender("worker2@b"))
    all_well()
    assert alarms() == []
    silent("worker2@b")
    assert alarms() == STALLED


def test_one_in_whose_place_another_came_is_missed_no_longer() -> None:
    all_well()
    beats("worker1@a"), beats("worker2@b")
    silent("worker2@b")
    assert alarms() == STALLED
    beats("worker3@c")
    assert alarms() == []
    (gone,) = [fact for fact in own_facts() if fact.name == "worker2@b"]
    assert (gone.ok, gone.detail) == (None, "It reports no more. Another worker has come in its place.")
    silent("worker3@c")
    assert alarms() == [("worker_stalled", "worker", "worker2@b"), ("worker_stalled", "worker", "worker3@c")]


def test_one_that_came_before_the_silence_was_noticed_counts_too() -> None:
    all_well()
    beats("worker2@b"), beats("worker3@b")
    silent("worker2@b")
    Heartbeat.objects.filter(name="worker3@b").update(first_at=from_now(-timedelta(seconds=35)))
    assert alarms() == []
    Heartbeat.objects.filter(name="worker3@b").update(first_at=from_now(-timedelta(seconds=45)))
    assert alarms() == STALLED, "it was there already"


def test_each_that_comes_stands_for_one_and_for_that_of_its_host_first() -> None:
    all_well()
    beats("worker1@a"), beats("worker2@b")
    silent("worker1@a", seconds=50), silent("worker2@b")
    beats("worker3@a")
    assert alarms() == STALLED
    Heartbeat.objects.filter(name="worker3@a").delete()
    beats("worker3@b")
    assert alarms() == [("worker_stalled", "worker", "worker1@a")]
    beats("worker4@c")
    assert alarms() == []


def test_who_never_came_back_is_forgotten_after_an_hour() -> None:
    beats("worker1@a"), beats("worker2@b")
    heartbeat.beat("beat")
    silent("worker", "worker1@a", seconds=3700)
    silent("worker2@b", seconds=3500)
    heartbeat.beat("beat")
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {"beat", "worker", "worker2@b"}


def check(*options: Any) -> None:
    call_command("heartbeat", "worker", *options)


def test_a_containers_check_is_of_its_own_worker() -> None:
    beats("worker1@elsewhere")
    check()
    with pytest.raises(CommandError, match=f"no heartbeat of worker on {HERE} yet"):
        check("--here")
    beats(f"celery@{HERE}")
    check("--here")
    silent(f"celery@{HERE}")
    with pytest.raises(CommandError, match="was killed, or it hangs"):
        check("--here")
    check()
    beats(f"celery2@{HERE}")
    check("--here")
