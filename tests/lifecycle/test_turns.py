"""StreamHub's own rate limit is no answer of AWS: a step that got no token was never sent."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from channels_app import services
from channels_app.models import Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.aws.call_queue import LocalQueues, QueueState
from streamhub.aws.ratelimit import RATES, Limiter
from streamhub.clock import database_now
from streamhub.errors import NotSent
from streamhub.lifecycle import claim, reconcile, sweep, wake
from streamhub.lifecycle.models import Priority
from streamhub.token_bucket import Rate
from tests.scenarios import stage as scene
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db


def due_row(**fields: object) -> Distribution:
    row = Distribution.objects.create(origin_url="https://origin.example.com/a", **fields)
    Distribution.objects.filter(pk=row.pk).update(not_before=Now())
    return row


def held(**fields: object) -> claim.Claim:
    taken = claim.take(Distribution, due_row(**fields).pk)
    assert taken is not None
    return taken


class Refusing(LocalQueues):
    """Lets each step's call go only when it asks for the second time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[tuple[str, str]] = set()
        self.refused = 0

    def take(self, operation: str, rate: Rate, *, holder: str, urgent: bool) -> float:
        if not holder.startswith(("channel:", "distribution:", "security group:")):
            return 0.0
        asks = (holder, operation)
        if asks in self.asked:
            self.asked.remove(asks)
            return 0.0
        self.asked.add(asks)
        self.refused += 1
        return 0.01

    def states(self, operations: Iterable[str]) -> list[QueueState]:
        return []


@pytest.fixture
def refusing(world: WorldUnderTest) -> Iterator[Refusing]:
    queues = Refusing()
    world.session._limiter = Limiter(queues, RATES)
    yield queues
    world.session._limiter = None


def whole_life(world: WorldUnderTest) -> dict[str, int]:
    """The calls of a channel that is created, runs one show and is deleted with its distribution."""
    scene.create()
    world.settle()
    services.breakout_create(scene.channel(), "keynote", who=scene.WHO)
    scene.start(world)
    world.settle(until=lambda: scene.breakout().state == "running")
    scene.stop(world)
    world.settle(until=lambda: scene.breakout().state == "completed")
    services.channel_delete(scene.channel(), who=scene.WHO)
    world.settle()
    world.reap()
    world.settle()
    assert not Channel.objects.exists()
    assert not Distribution.objects.exists()
    Breakout.objects.all().delete()
    return {call: n for call, n in world.counts().items() if ":List" not in call}


def test_a_step_that_waits_for_its_turn_changes_nothing_that_is_sent(
    world: WorldUnderTest, refusing: Refusing
) -> None:
    """A whole life in which every call of a step is refused a token once: AWS sees the same calls."""
    world.session._limiter = None
    expected = whole_life(world)
    world.control.reset()
    world.session._limiter = Limiter(refusing, RATES)
    actual = whole_life(world)
    reads = {call for call in expected if ":Describe" in call or ":Get" in call}
    assert {call: actual[call] for call in actual.keys() - reads} == {
        call: expected[call] for call in expected.keys() - reads
    }
    # In more rounds more lists are read, and a mark must be as fresh as the last of them. Each round reads
    # again what contradicts the row.
    # The encoder is looked at once more than if all goes at once.
    more = {call: 5 if call == "medialive:DescribeChannel" else 4 for call in reads}
    assert {
        call: (expected[call], actual[call])
        for call in reads
        if actual.get(call, 0) > expected[call] + more[call]
    } == {}
    assert refusing.refused > 20
    assert world.illegal() == []


def test_a_row_that_waits_for_its_turn_shows_no_error_and_counts_no_attempt(
    world: WorldUnderTest, refusing: Refusing
) -> None:
    scene.create()
    for _ in range(30):
        world.step_all()
        for model in (Channel, Distribution, SecurityGroup):
            for row in model.objects.all():  # type: ignore[attr-defined]
                assert (row.attempts, row.error_code, row.outcome_unknown) == (0, "", False)
    assert refusing.refused > 5


def unsent(taken: claim.Claim, before: object) -> None:
    assert taken.row.create_sent_at != before
    raise NotSent("cloudfront:CreateDistribution", 3)


def test_the_marks_of_a_call_that_was_not_sent_are_taken_back() -> None:
    earlier = database_now() - timedelta(hours=1)
    for before in (None, earlier):
        taken = held(create_sent_at=before)
        with pytest.raises(NotSent), taken.sending(create_sent_at=Now()):
            unsent(taken, before)
        taken.row.refresh_from_db()
        assert taken.row.create_sent_at == before


def test_the_marks_of_a_call_that_was_sent_stay() -> None:
    taken = held()
    with pytest.raises(TimeoutError), taken.sending(create_sent_at=Now()):
        raise TimeoutError
    taken.row.refresh_from_db()
    assert taken.row.create_sent_at is not None


def test_waiting_for_a_turn_keeps_the_attempts_and_the_error() -> None:
    taken = held(attempts=3, error_code="Throttling")
    taken.wait_turn(40)
    row = Distribution.objects.get()
    assert (row.attempts, row.error_code, row.claim_token, row.queued_until) == (3, "Throttling", None, None)
    assert row.not_before is not None
    assert timedelta(seconds=35) < row.not_before - database_now() <= timedelta(seconds=40)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float]]:
    """The wakes as (row, seconds until it is taken), instead of a broker."""
    log: list[tuple[int, float]] = []

    def send(task: str, args: list[Any], queue: str, countdown: float = 0) -> None:
        log.append((args[1], countdown))

    monkeypatch.setattr(wake, "send", send)
    return log


@pytest.mark.parametrize(("wait", "woken"), [(0.0, True), (4.0, True), (60.0, False)])
def test_a_row_whose_turn_comes_within_seconds_is_woken_then(
    wait: float, woken: bool, sent: list[tuple[int, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Driver:
        model = Distribution
        failed_state = "failed"

        def context(self, row: Distribution) -> Any:
            return pytest.MonkeyPatch.context()

        def step(self, taken: claim.Claim) -> float | None:
            raise NotSent("cloudfront:CreateDistribution", wait)

    monkeypatch.setattr(reconcile, "driver_of", lambda label: Driver())
    row = due_row()
    reconcile.reconcile("distributions.distribution", row.pk)
    assert [pk for pk, _ in sent] == ([row.pk] if woken else [])
    if woken:
        assert sent[0][1] == pytest.approx(wait and wait + wake.LATE_SECONDS, abs=0.5)


def test_the_sweep_sends_rows_ahead_that_are_due_before_the_next_sweeps(
    sent: list[tuple[int, float]],
) -> None:
    rows = [
        Distribution.objects.create(origin_url="https://o.example.com", priority=Priority.DELETE)
        for _ in "abc"
    ]
    began = time.monotonic()
    for row, wait in zip(rows, (-5, 4, 60), strict=True):
        Distribution.objects.filter(pk=row.pk).update(not_before=Now() + timedelta(seconds=wait))
    assert sweep.sweep() == 2
    passed = time.monotonic() - began
    assert sweep.sweep() == 0
    assert [pk for pk, _ in sent] == [rows[0].pk, rows[1].pk]
    at_once, later = (countdown for _, countdown in sent)
    assert at_once == 0
    assert 4 - passed - 0.01 <= later - wake.LATE_SECONDS <= 4
