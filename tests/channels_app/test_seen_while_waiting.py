"""A change outside StreamHub is seen as soon while AWS works on something whose look is planned for later."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from tests.scenarios import passing_time, stage
from tests.scenarios.stage import breakout, channel, medialive_state
from tests.scenarios.world import WorldUnderTest

SLOW_STOP = 600
READS = ("medialive:DescribeChannel", "medialive:ListChannels")


@pytest.fixture
def at_pace(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    """An idle breakout, looked at a moment ago, at the periods of production."""
    stage.with_breakout(world)
    passing_time.begin(world, settings)
    return world


def bound() -> float:
    return 2 * settings.OBSERVE_SECONDS


def console(world: WorldUnderTest, action: str) -> None:
    world.control.console("cloudfront", action, Id=stage.distribution().aws_distribution_id)


def started(world: WorldUnderTest) -> None:
    """StartChannel was just accepted."""
    stage.start(world)
    passing_time.step_due()
    assert (channel().state, medialive_state(world)) == ("starting", "STARTING")


def test_a_channel_that_starts_shows_what_was_done_to_its_distribution(at_pace: WorldUnderTest) -> None:
    started(at_pace)
    console(at_pace, "disable")
    unseen = passing_time.seconds_until(
        at_pace, lambda: stage.distribution().error_code == "disabled_outside"
    )
    assert unseen <= bound()
    assert medialive_state(at_pace) == "STARTING"


def test_a_distribution_that_deploys_during_a_show_is_enabled_again(at_pace: WorldUnderTest) -> None:
    started(at_pace)
    passing_time.seconds_until(at_pace, lambda: breakout().state == "running")
    console(at_pace, "disable")
    passing_time.seconds_until(at_pace, lambda: stage.cloudfront_says(at_pace) == (True, "InProgress"))
    assert stage.distribution().look_at is not None
    console(at_pace, "disable")
    unseen = passing_time.seconds_until(at_pace, lambda: stage.cloudfront_says(at_pace)[0])
    assert unseen <= bound()


def test_an_encoder_that_stops_is_looked_at_however_long_it_takes(at_pace: WorldUnderTest) -> None:
    """Also if the stop takes longer than any before, so that the plan alone would look seldom."""
    at_pace.control.durations(medialive_stop=SLOW_STOP)
    started(at_pace)
    passing_time.seconds_until(at_pace, lambda: breakout().state == "running")
    stage.stop(at_pace)
    passing_time.step_due()
    while medialive_state(at_pace) == "STOPPING":
        at_pace.control.clear_calls()
        assert (
            passing_time.seconds_until(at_pace, lambda: any(read in at_pace.counts() for read in READS))
            <= bound()
        )
