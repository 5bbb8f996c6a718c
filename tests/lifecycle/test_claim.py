"""The claim: one owner per step, newer intent is not postponed, a row that kills workers backs off."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from distributions.models import Distribution
from streamhub.clock import database_now
from streamhub.errors import Refused, Retryable, Throttled
from streamhub.lifecycle import claim, intent, states
from streamhub.lifecycle.claim import ClaimLost, backoff, take
from streamhub.lifecycle.models import Priority, Transition

pytestmark = pytest.mark.django_db


def due_row(**fields: object) -> Distribution:
    row = Distribution.objects.create(origin_url="https://origin.example.com/a", **fields)
    Distribution.objects.filter(pk=row.pk).update(not_before=Now())
    return row


def reread(row: Distribution) -> Distribution:
    return Distribution.objects.get(pk=row.pk)


def expire(row: Distribution) -> None:
    Distribution.objects.filter(pk=row.pk).update(claimed_until=Now() - timedelta(seconds=1))


def test_a_row_that_is_not_due_is_not_claimed() -> None:
    row = Distribution.objects.create(origin_url="https://origin.example.com/a")
    assert take(Distribution, row.pk) is None


def test_a_claimed_row_is_not_claimed_again() -> None:
    row = due_row()
    assert take(Distribution, row.pk) is not None
    assert take(Distribution, row.pk) is None


def test_the_attempt_is_counted_before_the_step() -> None:
    row = due_row()
    take(Distribution, row.pk)
    assert reread(row).attempts == 1


def test_after_a_dead_workers_claim_the_outcome_is_unknown() -> None:
    row = due_row()
    take(Distribution, row.pk)
    expire(row)
    second = take(Distribution, row.pk)
    assert second is not None
    assert second.row.outcome_unknown


def test_a_worker_that_comes_back_cannot_write() -> None:
    row = due_row()
    first = take(Distribution, row.pk)
    expire(row)
    second = take(Distribution, row.pk)
    assert first is not None
    assert second is not None
    with pytest.raises(ClaimLost):
        first.save(etag="E1")
    with pytest.raises(ClaimLost):
        first.change_state("deploying", why="late")
    with pytest.raises(ClaimLost):
        first.note("late", request_id="r-1", etag="E1")
    first.release(100)
    assert reread(row).claim_token == second.token
    assert not Transition.objects.exists()


def test_an_accepted_call_leaves_a_transition_without_a_state_change() -> None:
    held = take(Distribution, due_row().pk)
    assert held is not None
    held.change_state("pending", why="no call", etag="E1")
    assert not Transition.objects.exists()
    held.change_state("pending", why="sent again", request_id="r-1", etag="E2")
    entry = Transition.objects.get()
    assert (entry.from_state, entry.to_state, entry.aws_request_id) == ("pending", "pending", "r-1")
    assert held.row.etag == "E2"


def test_the_release_postpones() -> None:
    row = due_row()
    held = take(Distribution, row.pk)
    assert held is not None
    held.release(50)
    wait = reread(row).not_before - database_now()  # type: ignore[operator]
    assert timedelta(seconds=45) < wait <= timedelta(seconds=50)


def test_the_release_does_not_postpone_intent_written_during_the_step() -> None:
    row = due_row()
    held = take(Distribution, row.pk)
    assert held is not None
    intent.set_desired(row, desired="disabled", priority=Priority.DELETE)
    held.release(None)
    assert reread(row).not_before is not None
    assert take(Distribution, row.pk) is not None


def test_a_completed_step_resets_the_attempts_and_the_error() -> None:
    row = due_row(error_code="Throttling")
    held = take(Distribution, row.pk)
    assert held is not None
    held.release(None)
    assert (reread(row).attempts, reread(row).error_code) == (0, "")


def test_a_retryable_error_keeps_the_state_and_waits_as_long_as_aws_asks() -> None:
    row = due_row()
    held = take(Distribution, row.pk)
    assert held is not None
    held.postpone(Throttled("slow down", code="Throttling", request_id="r-1", after=40))
    now = reread(row)
    assert (now.state, now.error_code, now.error_request_id) == ("pending", "Throttling", "r-1")
    assert now.not_before is not None
    assert now.not_before - database_now() > timedelta(seconds=35)


def test_a_refusal_fails_the_row_and_records_the_step() -> None:
    row = due_row()
    held = take(Distribution, row.pk)
    assert held is not None
    held.fail("failed", "create the distribution", Refused("bad origin", code="InvalidOrigin"))
    now = reread(row)
    assert (now.state, now.failed_step, now.not_before) == ("failed", "create the distribution", None)
    assert Transition.objects.get().error


@pytest.mark.parametrize("attempts", [1, 2, 5, 10, 11, 100, 10_000])
def test_backoff_grows_but_never_past_five_minutes(attempts: int) -> None:
    assert 0 < backoff(attempts) <= claim.MAX_BACKOFF_SECONDS


def test_a_row_that_keeps_killing_its_worker_backs_off() -> None:
    row = due_row()
    for _ in range(claim.ALARM_ATTEMPTS + 1):
        Distribution.objects.filter(pk=row.pk).update(not_before=Now())
        assert take(Distribution, row.pk) is not None
        expire(row)
    assert take(Distribution, row.pk) is None
    assert reread(row).not_before > database_now() + timedelta(seconds=250)  # type: ignore[operator]


def test_a_state_changes_only_from_the_state_in_which_it_was_read() -> None:
    row = due_row()
    stale = reread(row)
    assert states.change(row, "deploying", why="first")
    assert not states.change(stale, "failed", why="second")
    assert [entry.to_state for entry in Transition.objects.all()] == ["deploying"]


def test_the_error_of_a_retryable_without_hint_says_that_it_tries_again() -> None:
    row = due_row()
    held = take(Distribution, row.pk)
    assert held is not None
    held.postpone(Retryable("timeout", code="ReadTimeout"))
    assert "tries again" in reread(row).error_hint


@pytest.mark.django_db(transaction=True)
def test_exactly_one_of_many_workers_claims_a_row() -> None:
    row = due_row()
    won: list[int] = []
    start = threading.Barrier(8)

    def worker(n: int) -> None:
        try:
            start.wait()
            if take(Distribution, row.pk) is not None:
                won.append(n)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
