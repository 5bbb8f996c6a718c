"""AWS throttles starts: people see it, the show waits for its turn, and it ends by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from channels_app import services, turns
from channels_app.models import Channel
from streamhub.aws.call_queue import LocalQueues, QueueState
from streamhub.aws.ratelimit import RATES, Limiter
from streamhub.console import aws_queues, banner
from streamhub.lifecycle.models import Transition
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

START = "medialive:StartChannel"
PACE = 2
LIMIT = "AWS throttles: it lets 0.5 starts a second through"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(world: WorldUnderTest, stage: Channel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock of the queues. AWS refuses every start from now on."""
    clock = Clock()
    limiter = Limiter(LocalQueues(clock=clock), RATES, sleep=lambda seconds: None)
    monkeypatch.setattr(world.session, "_limiter", limiter)
    world.control.fault(START, "throttle", times=None)
    yield clock
    world.control.clear_faults()


def steps(world: WorldUnderTest, clock: Clock, seconds: int) -> None:
    """Let the channel take its steps, each when it is due."""
    for _ in range(0, seconds, PACE):
        Channel.objects.filter(not_before__isnull=False).update(not_before="2026-01-01T00:00Z")
        world.step_all()
        clock.now += PACE


def test_a_throttled_start_is_told_in_the_control_room_and_to_all_and_ends_by_itself(
    world: WorldUnderTest, clock: Clock, superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = services.breakout_create(scene.channel(), "keynote", who=TESTER)
    room = reverse("admin:channels_app_breakout_control", args=[show.pk])
    assert "Its turn" not in superuser.get(room).content.decode()
    services.breakout_start(show, who=TESTER)
    steps(world, clock, 60)

    row = scene.channel()
    calls = world.counts()[START]
    assert calls <= 15, "the line, not the throttle, sets the pace"
    assert (row.error_operation, row.error_needs_person) == (START, False)
    assert row.attempts <= 1, "a throttle is no doubt"
    assert "sent again by itself" in row.error_hint
    said = superuser.get(room).content.decode()
    assert "Its turn" in said
    assert "AWS throttles: it lets 0." in said
    (told,) = aws_queues.throttled()
    assert f"AWS throttles {START}: it takes 0." in told.sentence
    monkeypatch.setattr(banner, "SHOWN", 99)  # nothing else is well in a test without workers
    assert f"AWS throttles {START}" in superuser.get("/admin/channels_app/channel/").content.decode()
    (line,) = [line for line in aws_queues.lines() if line.state.operation == START]
    assert line.word == "AWS throttles"

    world.control.clear_faults()
    steps(world, clock, 61)
    world.settle()
    show.refresh_from_db()
    assert show.state == "running"
    assert scene.channel().error_code == ""
    clock.now += 61
    assert aws_queues.throttled() == []
    assert "Its turn" not in superuser.get(room).content.decode()
    assert Transition.objects.filter(resource_type="channel", to_state="starting").count() == 1


@pytest.mark.parametrize(
    ("place", "throttled", "words"),
    [
        (3, True, f"{LIMIT}; this is number 3 in the line: about 6 s."),
        (1, False, "AWS lets 0.5 starts a second through; this is number 1 in the line: about 2 s."),
        (0, True, f"{LIMIT}. StreamHub sends this one again within seconds."),
    ],
    ids=["throttled", "own-rate", "between"],
)
def test_the_turn_is_said_in_a_sentence(place: int, throttled: bool, words: str) -> None:
    state = QueueState(START, 5, 0.5, 4, throttled)
    assert turns.sentence(turns.START, place, state, throttled=throttled) == words
