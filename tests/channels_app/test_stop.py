"""Stop works wherever MediaLive runs or may run: every combination of states, with every problem."""

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

# A problem: changes the row, or how AWS answers from then on.
Problem = Callable[[WorldUnderTest], object]


def row(**fields: object) -> Problem:
    return lambda world: Channel.objects.update(**fields)


def fault(operation: str, kind: str, times: int | None = None) -> Problem:
    return lambda world: world.control.fault(operation, kind, times=times)


def both(*problems: Problem) -> Problem:
    return lambda world: [problem(world) for problem in problems]


def detach(world: WorldUnderTest) -> None:
    Channel.objects.update(distribution=None, distribution_wanted=False)


def suspect(world: WorldUnderTest) -> None:
    Channel.objects.update(suspect_since=timezone.now(), suspect_part="mp_endpoint", observe_requested=True)
    world.control.fault("mediapackage:DescribeOriginEndpoint", "error500", times=None)


STATES = (State.IDLE, State.STARTING, State.RUNNING, State.STOPPING, State.FAILED, State.DELETING)
NO_ENDPOINT = {"mp_endpoint_id": "", "mp_endpoint_sent_at": None, "endpoint_url": ""}
PROBLEMS: dict[str, Problem] = {
    "nothing": lambda world: None,
    "AWS was starting": row(ml_channel_state="STARTING"),
    "AWS was recovering": row(ml_channel_state="RECOVERING"),
    "AWS was stopping and runs again": row(ml_channel_state="STOPPING", polled_list="ml_channel"),
    "an earlier step failed": row(attempts=3, error_code="InternalServerError"),
    "a start was cut and its effect is unknown": row(ml_channel_state="IDLE", attempts=1),
    "a start was accepted and not yet observed": row(
        ml_channel_state="IDLE", start_accepted_at=timezone.now()
    ),
    "kept warm": row(warm_until=timezone.now() + timedelta(hours=1)),
    "no distribution": detach,
    "StopChannel is denied for a while": fault("medialive:StopChannel", "access_denied", 3),
    "StopChannel is throttled for a while": fault("medialive:StopChannel", "throttle", 6),
    "StopChannel's answer is cut": fault("medialive:StopChannel", "cut_after", 1),
    "StopChannel is cut": fault("medialive:StopChannel", "cut_before", 2),
    "a part may be gone and cannot be read": suspect,
    "MediaPackage cannot be read": fault("mediapackage:*", "error500"),
    "the input cannot be read after failed attempts": both(
        row(attempts=3), fault("medialive:DescribeInput", "access_denied")
    ),
    "a lost endpoint cannot be created again": both(
        row(**NO_ENDPOINT), fault("mediapackage:CreateOriginEndpoint", "access_denied")
    ),
    "a part is gone": row(mp_endpoint_gone=True),
}


def runs_on_aws(world: WorldUnderTest, state: str, breakout: str) -> None:
    """Start MediaLive, and give the rows these states."""
    row = channel()
    world.control.console("medialive", "start_channel", id=row.ml_channel_id)
    needs_channel = breakout in (BreakoutState.STARTING, BreakoutState.RUNNING)
    desired = "deleted" if state == State.DELETING else "running" if needs_channel else "idle"
    Channel.objects.update(state=state, desired=desired, ml_channel_state="RUNNING", not_before=None)
    if breakout:
        Breakout.objects.create(
            name="keynote", channel=row, channel_uid=row.uid, channel_name=row.name, state=breakout
        )


def press_stop() -> str:
    """Stop the breakout if possible, else the channel; returns the refusal of both, or ""."""
    breakout = Breakout.objects.select_related("channel").first()
    if breakout and breakout_guards.refusal("stop", services.breakout_situation(breakout)) is None:
        services.breakout_stop(breakout, who=TESTER)
        return ""
    if reason := channel_guards.refusal("stop", services.channel_situation(channel())):
        return reason
    services.channel_stop(channel(), who=TESTER)
    return ""


def outcome(world: WorldUnderTest) -> str:
    """MediaLive's state after Stop was pressed and workers have had time to act.

    A warm channel keeps running after its breakout's Stop: then Stop is pressed on the channel too.
    """
    for rounds in (4, 12) if channel().warm_until else (12,):
        if medialive_state(world) == "IDLE":
            break
        if refusal := press_stop():
            return f"refused: {refusal}"
        world.settle(until=lambda: medialive_state(world) == "IDLE", rounds=rounds, strict=False)
    return medialive_state(world)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_stop_is_offered_and_takes_effect_in_every_state_and_with_every_problem(
    world: WorldUnderTest, stage: Channel, problem: str
) -> None:
    # Every breakout state without a problem; with one, one of each group that the channel treats alike.
    breakouts = ("", *BreakoutState.values) if problem == "nothing" else ("", "running", "failed")
    outcomes = {}
    for state, breakout in product(STATES, breakouts):
        point = transaction.savepoint()
        runs_on_aws(world, state, breakout)
        PROBLEMS[problem](world)
        outcomes[str(state), breakout or "no breakout"] = outcome(world)
        world.control.clear_faults()
        transaction.savepoint_rollback(point)
        if medialive_state(world) != "IDLE":
            world.control.console("medialive", "stop_channel", id=stage.ml_channel_id)
    assert {case: result for case, result in outcomes.items() if result != "IDLE"} == {}


def test_a_channel_with_a_breakout_on_air_cannot_be_stopped(world: WorldUnderTest, stage: Channel) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=TESTER), who=TESTER)
    world.settle()
    with pytest.raises(NotPossible, match="Stop the breakout"):
        services.channel_stop(stage, who=TESTER)
    world.settle()
    assert medialive_state(world) == "RUNNING"


def test_an_idle_channel_cannot_be_stopped(world: WorldUnderTest, stage: Channel) -> None:
    with pytest.raises(NotPossible, match="nothing to stop"):
        services.channel_stop(stage, who=TESTER)


def test_a_repeated_stop_is_sent_to_aws_at_once(world: WorldUnderTest, stage: Channel) -> None:
    breakout = services.breakout_create(stage, "keynote", who=TESTER)
    services.breakout_start(breakout, who=TESTER)
    world.settle()
    in_five_minutes = timezone.now() + timedelta(minutes=5)
    services.breakout_stop(breakout, who=TESTER)
    for again in (
        lambda: services.breakout_stop(breakout, who=TESTER),
        lambda: services.channel_stop(stage, who=TESTER),
    ):
        Channel.objects.update(not_before=in_five_minutes, error_code="AccessDeniedException")
        again()
        assert channel().not_before <= timezone.now()
    assert Breakout.objects.get().state == "stopping"


def test_the_history_shows_who_stopped_a_channel(world: WorldUnderTest, stage: Channel) -> None:
    runs_on_aws(world, State.RUNNING, "")
    services.channel_stop(stage, who=system_actor("ada"))
    assert Transition.objects.filter(resource_type="channel", who="ada", why="stop requested").exists()


def test_a_start_that_never_runs_is_stopped(world: WorldUnderTest, stage: Channel) -> None:
    world.control.durations(medialive_start=3600)
    world.control.scale(1)
    breakout = services.breakout_create(stage, "keynote", who=TESTER)
    services.breakout_start(breakout, who=TESTER)
    world.settle(until=lambda: medialive_state(world) == "STARTING")
    world.control.scale(0)
    services.breakout_stop(breakout, who=TESTER)
    world.settle()
    assert (medialive_state(world), Breakout.objects.get().state) == ("IDLE", "completed")
