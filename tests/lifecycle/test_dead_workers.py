"""A dead worker's rows are freed within seconds; a slow one keeps its own, and one cut off writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from channels_app.models import SecurityGroup
from distributions.models import Distribution
from streamhub.lifecycle import claim, dead_workers, jobs, lease, sweep, wake, workers
from streamhub.lifecycle.claim import Claim, ClaimLost, take
from streamhub.lifecycle.models import Job, Priority, WorkerProcess

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The wakes as (row, queue), instead of a broker."""
    log: list[tuple[int, str]] = []
    monkeypatch.setattr(wake, "send", lambda task, args, queue, countdown=0: log.append((args[1], queue)))
    monkeypatch.setattr("django.db.transaction.on_commit", lambda work: work())
    return log


@pytest.fixture
def heart(monkeypatch: pytest.MonkeyPatch) -> Iterator[workers.Heart]:
    """This process is a worker's, and has beaten once."""
    heart = workers.Heart()
    monkeypatch.setattr(workers, "_heart", heart)
    heart.beat()
    yield heart
    heart.stop()


def claimed(model: type[Any] = Distribution, **fields: Any) -> Claim:
    if model is Distribution:
        fields |= {"origin_url": "https://origin.example.com/a"}
    row = model.objects.create(**{"priority": Priority.START, **fields})
    model.objects.filter(pk=row.pk).update(not_before=Now())
    taken = take(model, row.pk)
    assert taken is not None
    return taken


def passes(seconds: float) -> None:
    """Time passes for heartbeats, claims and leases; the worker does not beat."""
    span = timedelta(seconds=seconds)
    WorkerProcess.objects.update(beat_at=F("beat_at") - span, started_at=F("started_at") - span)
    Job.objects.update(started_at=F("started_at") - span, leased_until=F("leased_until") - span)
    for model in (Distribution, SecurityGroup):
        model.objects.update(claimed_until=F("claimed_until") - span)
    SecurityGroup.objects.update(create_sent_at=F("create_sent_at") - span)


def test_a_silent_workers_rows_are_freed_and_woken_at_once(
    heart: workers.Heart, sent: list[tuple[int, str]]
) -> None:
    held = claimed()
    assert Distribution.objects.get().claimed_by == heart.token
    passes(6)
    assert sweep.sweep() == 1
    assert sent == [(held.row.pk, "urgent")]
    row = Distribution.objects.get()
    assert (row.claim_token, row.claimed_until, row.claimed_by) == (None, None, "")
    assert sweep.sweep() == 0
    again = take(Distribution, row.pk)
    assert again is not None
    assert again.row.outcome_unknown  # so it reads before it acts


def test_a_slow_worker_keeps_its_rows_while_it_beats(heart: workers.Heart) -> None:
    held = claimed()
    for _ in range(3):
        passes(15)
        heart.beat()
        assert dead_workers.free() == 0
    held.save(status="Deployed")


def test_a_worker_that_comes_back_writes_nothing(heart: workers.Heart, sent: list[tuple[int, str]]) -> None:
    held = claimed()
    passes(6)
    dead_workers.free()
    heart.beat()
    with pytest.raises(ClaimLost):
        held.save(status="written too late")
    with pytest.raises(ClaimLost):
        held.change_state("deployed", why="too late")
    held.release(None)
    held.postpone(claim.AwsError("too late"))
    row = Distribution.objects.get()
    assert (row.status, row.state, row.error_code) == ("", "pending", "")
    assert row.queued_until is not None
    assert row.not_before is not None


def test_a_worker_that_comes_back_is_a_worker_again(heart: workers.Heart) -> None:
    passes(6)
    dead_workers.free()
    assert WorkerProcess.objects.get().noted_silent
    heart.beat()
    assert not WorkerProcess.objects.get().noted_silent
    passes(700)
    dead_workers.free()
    assert not WorkerProcess.objects.exists()
    heart.beat()
    assert WorkerProcess.objects.get().token == heart.token


def test_a_long_lease_ends_with_its_worker_also_after_an_outage_of_all(heart: workers.Heart) -> None:
    with lease.single("import_bills", 3600) as run:
        assert run
        passes(700)
        dead_workers.free()  # the first sweep after the outage
        with lease.single("import_bills", 3600) as again:
            assert again
    passes(700)
    dead_workers.free()
    assert not WorkerProcess.objects.exists()


def test_a_claim_just_taken_is_not_freed_although_its_worker_could_not_beat(heart: workers.Heart) -> None:
    passes(6)
    claimed()
    assert dead_workers.free() == 0


def test_other_workers_keep_their_rows(heart: workers.Heart) -> None:
    claimed()
    Distribution.objects.update(claimed_by="another")
    WorkerProcess.objects.create(token="another", host="b", pid=2)
    passes(6)
    WorkerProcess.objects.filter(token="another").update(beat_at=Now())
    assert dead_workers.free() == 0
    Distribution.objects.update(claimed_by="")  # a command's, which has no heartbeat
    assert dead_workers.free() == 0


def test_a_create_without_a_token_waits_for_the_longest_call(heart: workers.Heart) -> None:
    group = claimed(SecurityGroup, cidrs="10.0.0.0/24")
    group.save(create_sent_at=Now())
    passes(10)
    assert dead_workers.free() == 0
    passes(21)
    assert dead_workers.free() == 1


def test_a_group_that_was_not_being_created_is_freed_at_once(heart: workers.Heart) -> None:
    claimed(SecurityGroup, cidrs="10.0.0.0/24")
    claimed(SecurityGroup, cidrs="10.0.1.0/24", aws_id="7").save(create_sent_at=Now())
    passes(6)
    assert dead_workers.free() == 2


def test_what_a_dead_worker_had_taken_from_its_queue_is_queued_again_once(
    heart: workers.Heart, sent: list[tuple[int, str]]
) -> None:
    row = Distribution.objects.create(origin_url="https://origin.example.com/a", priority=Priority.STOP)
    Distribution.objects.update(not_before=Now(), queued_until=wake.queued_mark())
    assert sweep.sweep() == 0
    passes(6)
    assert sweep.sweep() == 1
    assert sweep.sweep() == 0
    assert sent == [(row.pk, "urgent")]


def test_so_is_what_it_had_taken_before_it_was_due(heart: workers.Heart, sent: list[tuple[int, str]]) -> None:
    row = Distribution.objects.create(origin_url="https://origin.example.com/a", priority=Priority.CREATE)
    Distribution.objects.update(not_before=claim.after(8), queued_until=wake.queued_mark())
    assert sweep.sweep() == 0
    passes(6)
    assert sweep.sweep() == 1
    assert sweep.sweep() == 0
    assert sent == [(row.pk, "bulk")]


def test_a_dead_workers_lease_is_free(heart: workers.Heart, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    with pytest.raises(Killed), jobs.SWEEP.single():
        raise Killed
    with lease.single(jobs.SWEEP.name) as run:
        assert run is None
    passes(6)
    with lease.single(jobs.SWEEP.name) as run:
        assert run is not None


def test_a_process_without_a_heartbeat_has_no_name() -> None:
    assert workers.own_token() == ""
    claimed()
    assert Distribution.objects.get().claimed_by == ""


def test_a_forked_process_does_not_take_its_parents_name(heart: workers.Heart) -> None:
    assert workers.own_token() == heart.token
    heart.pid -= 1
    assert workers.own_token() == ""


@pytest.mark.django_db(transaction=True)
def test_a_worker_beats_from_a_thread_also_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(workers, "_heart", None)
    beats, failing = threading.Semaphore(0), [True]
    beat = workers.Heart.beat

    def watched(heart: workers.Heart) -> None:
        if failing.pop() if failing else False:
            raise workers.Error("the database is away")
        beat(heart)
        beats.release()

    monkeypatch.setattr(workers.Heart, "beat", watched)
    workers.start()
    try:
        for _ in range(3):
            assert beats.acquire(timeout=20)
        assert WorkerProcess.objects.filter(token=workers.own_token()).count() == 1
    finally:
        workers.stop()
        for thread in threading.enumerate():
            if thread.name == "heartbeat":
                thread.join(20)
