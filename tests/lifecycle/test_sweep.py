"""The sweep: due rows are queued once and by priority, also after the broker has lost messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from distributions.models import Distribution
from streamhub.lifecycle import intent, sweep, wake
from streamhub.lifecycle.models import Priority
from streamhub.lifecycle.reconcile import reconcile

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The wakes as (row, queue), instead of a broker."""
    log: list[tuple[int, str]] = []
    monkeypatch.setattr(wake, "send", lambda task, args, queue, countdown=0: log.append((args[1], queue)))
    return log


def row(priority: Priority, due_seconds_ago: float = 1) -> int:
    made = Distribution.objects.create(origin_url="https://origin.example.com/a", priority=priority)
    due = Now() - timedelta(seconds=due_seconds_ago)
    Distribution.objects.filter(pk=made.pk).update(not_before=due)
    return made.pk


def test_rows_are_queued_by_priority(sent: list[tuple[int, str]]) -> None:
    delete, create = row(Priority.DELETE, 100), row(Priority.CREATE, 50)
    start, stop = row(Priority.START, 2), row(Priority.STOP, 1)
    sweep.sweep()
    assert sent == [(stop, "urgent"), (start, "urgent"), (create, "bulk"), (delete, "bulk")]


def test_a_queued_row_is_not_queued_again(sent: list[tuple[int, str]]) -> None:
    row(Priority.START)
    assert (sweep.sweep(), sweep.sweep()) == (1, 0)


def test_rows_lost_by_the_broker_are_queued_again(sent: list[tuple[int, str]]) -> None:
    pk = row(Priority.START)
    sweep.sweep()
    Distribution.objects.update(queued_until=Now() - timedelta(seconds=1))
    assert sweep.sweep() == 1
    assert sent == [(pk, "urgent")] * 2


@pytest.mark.parametrize(
    ("priority", "waited", "again"),
    [
        (Priority.STOP, 14, 0),
        (Priority.STOP, 16, 1),
        (Priority.START, 16, 1),
        (Priority.CREATE, 55, 0),
        (Priority.DELETE, 61, 1),
    ],
)
def test_a_lost_stop_is_queued_again_sooner_than_a_creation(
    sent: list[tuple[int, str]], priority: Priority, waited: int, again: int
) -> None:
    row(priority)
    sweep.sweep()
    Distribution.objects.update(queued_until=F("queued_until") - timedelta(seconds=waited))
    assert sweep.sweep() == again


def test_a_wake_during_a_dead_workers_claim_does_not_block_the_sweep(
    sent: list[tuple[int, str]],
) -> None:
    pk = row(Priority.START)
    Distribution.objects.filter(pk=pk).update(
        claim_token="dead", claimed_until=Now() + timedelta(seconds=60), queued_until=wake.queued_mark()
    )
    assert not reconcile(Distribution._meta.label_lower, pk)
    Distribution.objects.filter(pk=pk).update(claimed_until=Now() - timedelta(seconds=1))
    assert sweep.sweep() == 1


def test_rows_that_are_not_due_or_are_claimed_are_not_queued(sent: list[tuple[int, str]]) -> None:
    row(Priority.START, due_seconds_ago=-60)
    Distribution.objects.filter(pk=row(Priority.START)).update(claimed_until=Now() + timedelta(seconds=60))
    assert sweep.sweep() == 0


def test_a_mass_deletion_is_queued_in_parts_and_never_delays_a_start(
    sent: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 5)
    for _ in range(12):
        row(Priority.DELETE)
    assert sweep.sweep() == 5
    assert sweep.sweep() == 0
    start = row(Priority.START)
    assert sweep.sweep() == 1
    assert sent[-1] == (start, "urgent")


@pytest.mark.parametrize("kind", [OperationalError, ConnectionResetError, AttributeError])
def test_after_a_broker_error_the_row_is_left_to_the_next_sweep(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    pk = row(Priority.START)

    def broken(*_args: Any) -> None:
        raise kind("as kombu does for a channel that was closed under it")

    monkeypatch.setattr(wake, "send", broken)
    sweep.sweep()
    assert Distribution.objects.get(pk=pk).queued_until is None


def test_intent_wakes_a_row_only_on_commit(
    sent: list[tuple[int, str]], django_capture_on_commit_callbacks: Any
) -> None:
    made = Distribution.objects.create(origin_url="https://origin.example.com/a")
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        intent.set_desired(made, desired="disabled", priority=Priority.STOP)
        assert sent == []
    assert len(callbacks) == 1
    assert sent == [(made.pk, "urgent")]
