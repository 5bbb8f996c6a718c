"""Stop works wherever AWS runs or may run: the whole table of states, and what may be wrong meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from django.db import transaction
from django.utils import timezone

from channels_app import services
from channels_app.guards import breakout as breakout_guards
from channels_app.guards import channel as channel_guards
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import State
from streamhub.access.actors import system_actor
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Transition
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import channel, medialive_state
from tests.scenarios.world import WorldUnderTest

WHO = TESTER

# What may be wrong: how the row is, and how AWS answers from then on.
Wrong = Callable[[WorldUnderTest], object]


def row(**fields: object) -> Wrong:
    return lambda world: Channel.objects.update(**fields)


def fault(operation: str, kind: str, times: int | None = None) -> Wrong:
    return lambda world: world.control.fault(operation, kind, times=times)


def both(*wrongs: Wrong) -> Wrong:
    return lambda world: [wrong(world) for wrong in wrongs]


def detach(world: WorldUnderTest) -> None:
    Channel.objects.update(distribution=None, distribution_wanted=False)


def suspect(world: WorldUnderTest) -> None:
    Channel.objects.update(suspect_since=timezone.now(), suspect_part="mp_endpoint", observe_requested=True)
    world.control.fault("mediapackage:DescribeOriginEndpoint", "error500", times=None)


STATES = (State.IDLE, State.STARTING, State.RUNNING, State.STOPPING, State.FAILED, State.DELETING)
NO_ENDPOINT = {"mp_endpoint_id": "", "mp_endpoint_sent_at": None, "endpoint_url": ""}
WRONGS: dict[str, Wrong] = {
    "nothing": lambda world: None,
    "AWS was starting": row(ml_channel_state="STARTING"),
    "AWS was recovering": row(ml_channel_state="RECOVERING"),
    "AWS was stopping, and runs again": row(ml_channel_state="STOPPING", polled_list="ml_channel"),
    "an earlier step did not end well": row(attempts=3, error_code="InternalServerError"),
    "a start was cut and nobody knows": row(ml_channel_state="IDLE", attempts=1),
    "a start was accepted and nothing was seen": row(
        ml_channel_state="IDLE", start_accepted_at=timezone.now()
    ),
    "kept warm": row(warm_until=timezone.now() + timedelta(hours=1)),
    "no distribution": detach,
    "StopChannel is denied for a while": fault("medialive:StopChannel", "access_denied", 3),
    "StopChannel is throttled for a while": fault("medialive:StopChannel", "throttle", 6),
    "StopChannel's answer is cut": fault("medialive:StopChannel", "cut_after", 1),
    "StopChannel is cut": fault("medialive:StopChannel", "cut_before", 2),
    "a part is suspected gone and cannot be read": suspect,
    "MediaPackage cannot be read": fault("mediapackage:*", "error500"),
    "the input cannot be read, in doubt": both(
        row(attempts=3), fault("medialive:DescribeInput", "access_denied")
    ),
    "a lost endpoint cannot be made anew": both(
        row(**NO_ENDPOINT), fault("mediapackage:CreateOriginEndpoint", "access_denied")
    ),
    "a part is known to be lost": row(mp_endpoint_gone=True),
}


def runs_on_aws(world: WorldUnderTest, state: str, breakout: str) -> None:
    """MediaLive runs; the rows say what they say."""
    on = channel()
    world.control.console("medialive", "start_channel", id=on.ml_channel_id)
    needed = breakout in (BreakoutState.STARTING, BreakoutState.RUNNING)
    desired = "deleted" if state == State.DELETING else "running" if needed else "idle"
    Channel.objects.update(state=state, desired=desired, ml_channel_state="RUNNING", not_before=None)
    if breakout:
        Breakout.objects.create(
            name="keynote", channel=on, channel_uid=on.uid, channel_name=on.name, state=breakout
        )


def press_stop() -> str:
    """What an operator does: Stop on the breakout if it is offered, else on the channel; why not, or ""."""
    breakout = Breakout.objects.select_related("channel").first()
    if breakout and breakout_guards.refusal("stop", services.breakout_situation(breakout)) is None:
        services.breakout_stop(breakout, who=WHO)
        return ""
    if reason := channel_guards.refusal("stop", services.channel_situation(channel())):
        return reason
    services.channel_stop(channel(), who=WHO)
    return ""


def outcome(world: WorldUnderTest) -> str:
    """What MediaLive says after Stop was pressed and StreamHub has worked a while.

    A breakout's Stop leaves a channel running that is kept warm: then it is pressed on the channel too.
    """
    for rounds in (4, 12) if channel().warm_until else (12,):
        if medialive_state(world) == "IDLE":
            break
        if refused := press_stop():
            return f"refused: {refused}"
        world.settle(until=lambda: medialive_state(world) == "IDLE", rounds=rounds, strict=False)
    return medialive_state(world)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("wrong", WRONGS)
def test_stop_is_offered_and_stops_whatever_the_states_and_whatever_is_wrong(
    world: WorldUnderTest, stage: Channel, wrong: str
) -> None:
    # All breakout states where nothing is wrong; of those that the channel treats alike one each after that.
    breakouts = ("", *BreakoutState.values) if wrong == "nothing" else ("", "running", "failed")
    table = {}
    for state, breakout in product(STATES, breakouts):
        point = transaction.savepoint()
        runs_on_aws(world, state, breakout)
        WRONGS[wrong](world)
        table[str(state), breakout or "no breakout"] = outcome(world)
        world.control.clear_faults()
        transaction.savepoint_rollback(point)
        if medialive_state(world) != "IDLE":
            world.control.console("medialive", "stop_channel", id=stage.ml_channel_id)
    assert {case: said for case, said in table.items() if said != "IDLE"} == {}


def test_a_channel_in_use_is_not_stopped_by_itself(world: WorldUnderTest, stage: Channel) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=WHO), who=WHO)
    world.settle()
    with pytest.raises(NotPossible, match="Stop the breakout"):
        services.channel_stop(stage, who=WHO)
    world.settle()
    assert medialive_state(world) == "RUNNING"


def test_there_is_nothing_to_stop_on_an_idle_channel(world: WorldUnderTest, stage: Channel) -> None:
    with pytest.raises(NotPossible, match="nothing to stop"):
        services.channel_stop(stage, who=WHO)


def test_stop_pressed_again_asks_aws_again_at_once(world: WorldUnderTest, stage: Channel) -> None:
    breakout = services.breakout_create(stage, "keynote", who=WHO)
    services.breakout_start(breakout, who=WHO)
    world.settle()
    in_five_minutes = timezone.now() + timedelta(minutes=5)
    services.breakout_stop(breakout, who=WHO)
    for again in (
        lambda: services.breakout_stop(breakout, who=WHO),
        lambda: services.channel_stop(stage, who=WHO),
    ):
        Channel.objects.update(not_before=in_five_minutes, error_code="AccessDeniedException")
        again()
        assert channel().not_before <= timezone.now()
    assert Breakout.objects.get().state == "stopping"


def test_who_stopped_a_channel_stands_in_its_history(world: WorldUnderTest, stage: Channel) -> None:
    runs_on_aws(world, State.RUNNING, "")
    services.channel_stop(stage, who=system_actor("ada"))
    assert Transition.objects.filter(resource_type="channel", who="ada", why="stop requested").exists()


def test_a_start_that_never_runs_is_stopped(world: WorldUnderTest, stage: Channel) -> None:
    world.control.durations(medialive_start=3600)
    world.control.scale(1)
    breakout = services.breakout_create(stage, "keynote", who=WHO)
    services.breakout_start(breakout, who=WHO)
    world.settle(until=lambda: medialive_state(world) == "STARTING")
    world.control.scale(0)
    services.breakout_stop(breakout, who=WHO)
    world.settle()
    assert (medialive_state(world), Breakout.objects.get().state) == ("IDLE", "completed")
