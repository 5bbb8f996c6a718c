"""The timeline contains every write that AWS accepted, with its request id."""

from __future__ import annotations

from channels_app import services
from channels_app.models import Breakout, Channel
from streamhub.append_only import retention
from streamhub.lifecycle.models import Transition
from tests.scenarios.actors import TESTER
from tests.scenarios.timeline import unaccounted, wrongs
from tests.scenarios.world import WorldUnderTest


def create() -> Channel:
    return services.channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])


def test_the_timeline_of_a_channel_has_no_gaps_and_every_request_id(world: WorldUnderTest) -> None:
    row = create()
    world.settle()
    keynote = services.breakout_create(row, "keynote", who=TESTER)
    for verb in (services.breakout_start, services.breakout_stop):
        verb(keynote, who=TESTER)
        world.settle()
    services.channel_delete(row, who=TESTER)
    world.settle()
    world.reap()
    world.settle()
    assert (world.left(), Channel.objects.count(), Breakout.objects.get().state) == ({}, 0, "completed")
    assert unaccounted(world) == []
    assert wrongs() == []


def test_the_timeline_of_a_channel_deleted_while_running_contains_its_stop(world: WorldUnderTest) -> None:
    row = create()
    world.settle()
    world.control.console("medialive", "start_channel", id=Channel.objects.get().ml_channel_id)
    world.control.clear_calls()
    services.channel_delete(row, who=TESTER)
    world.settle()
    assert world.counts()["medialive:StopChannel"] == 1
    assert unaccounted(world) == []


def test_a_gap_in_the_timeline_is_detected(world: WorldUnderTest) -> None:
    create()
    world.settle()
    assert wrongs() == []
    with retention():
        Transition.objects.filter(resource_type="channel", to_state="provisioning").delete()
    assert any("pending" in sentence for sentence in wrongs())


def test_a_state_without_a_transition_is_detected(world: WorldUnderTest) -> None:
    create()
    world.settle()
    Channel.objects.update(state="running")
    assert any("running" in sentence for sentence in wrongs())


def test_a_call_without_a_transition_is_detected(world: WorldUnderTest) -> None:
    create()
    world.settle()
    with retention():
        Transition.objects.filter(why="MediaLive input created").delete()
    (sentence,) = unaccounted(world)
    assert "medialive:CreateInput" in sentence
