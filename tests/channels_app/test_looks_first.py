"""How many reads the close watch takes, and that a start or stop on an old observation reads first."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from channels_app.decide.steps import Step
from channels_app.driver.observing import decided, look_before
from channels_app.driver.parts import ML_CHANNEL
from channels_app.models import Channel
from streamhub.lifecycle import observe, reading
from streamhub.lifecycle.claim import take
from streamhub.lifecycle.polled_lists import polled_lists
from tests.scenarios import passing_time, rows, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import STACK, breakout, channel, medialive_state
from tests.scenarios.world import WorldUnderTest

DESCRIBES = {
    "medialive:DescribeChannel": 1,
    "medialive:DescribeInput": 1,
    "medialive:DescribeInputSecurityGroup": 1,
    "mediapackage:DescribeChannel": 1,
    "mediapackage:DescribeOriginEndpoint": 1,
    "cloudfront:GetDistribution": 1,
}


@pytest.fixture
def idle(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    """An idle channel with a breakout, seen a moment ago."""
    stage.with_breakout(world)
    passing_time.begin(world, settings)
    world.control.clear_calls()
    return world


@pytest.fixture
def show(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    """A running show, seen a moment ago."""
    stage.with_show(world)
    passing_time.begin(world, settings)
    world.control.clear_calls()
    return world


def reads_between_lists(world: WorldUnderTest, looks: int) -> dict[str, int]:
    for _ in range(looks):
        passing_time.pass_time(world, 15)
        passing_time.look(world)
        passing_time.step_due()
    return world.counts()


def test_an_idle_channel_is_not_looked_at_between_complete_lists(idle: WorldUnderTest) -> None:
    assert reads_between_lists(idle, 5) == {}


def test_one_running_channel_takes_one_describe_of_each_resource(show: WorldUnderTest) -> None:
    assert len(DESCRIBES) == len(STACK)
    assert reads_between_lists(show, 3) == {call: 3 * n for call, n in DESCRIBES.items()}


def test_a_warm_channel_is_watched_too(idle: WorldUnderTest) -> None:
    stage.warm(idle)
    passing_time.seconds_until(idle, lambda: channel().state == "running")
    idle.control.clear_calls()
    assert reads_between_lists(idle, 1) == DESCRIBES


def test_more_running_channels_than_pages_are_watched_by_lists(show: WorldUnderTest) -> None:
    for n in range(200):
        aws = {f"{part.key}_id": f"{part.key}-{n}" for part in Channel.PARTS if part is not Channel.ML_SECOND}
        rows.channel("running", **aws)
    for polled_list in polled_lists():
        observe.observe(polled_list)
        # AWS does not have them: without this their own steps, not the observation, would read them next.
        Channel.objects.update(observe_requested=False, not_before=None)
    assert show.counts() == {
        "medialive:ListChannels": 1,
        "medialive:ListInputs": 1,
        "medialive:DescribeInputSecurityGroup": 1,
        "mediapackage:ListChannels": 1,
        "mediapackage:ListOriginEndpoints": 1,
        "cloudfront:GetDistribution": 1,
    }


def stop_outside(world: WorldUnderTest) -> None:
    world.control.console("medialive", "stop_channel", id=channel().ml_channel_id)
    world.control.advance(60)


def order_of_calls(world: WorldUnderTest) -> list[str]:
    return [call["name"] for call in world.control.calls() if call["service"] == "medialive"]


def test_a_stop_on_an_old_observation_looks_first(show: WorldUnderTest) -> None:
    stop_outside(show)
    passing_time.pass_time(show, 16)
    stage.stop(show)
    passing_time.step_due()
    # Twice: a stale read from before the start would say IDLE, too.
    assert order_of_calls(show) == ["medialive:DescribeChannel"] * 2
    assert (channel().state, breakout().state) == ("idle", "completed")
    assert show.illegal() == []


def test_a_stale_look_does_not_leave_a_channel_running(show: WorldUnderTest) -> None:
    passing_time.pass_time(show, 16)
    stage.stop(show)
    show.control.fault("medialive:DescribeChannel", "stale_read")
    passing_time.step_due()
    assert "medialive:StopChannel" in order_of_calls(show)
    assert breakout().state == "stopping"


def test_a_list_that_was_read_during_a_step_is_no_look_at_the_row(show: WorldUnderTest) -> None:
    stop_outside(show)
    passing_time.pass_time(show, 16)
    stage.stop(show)
    claim = take(Channel, channel().pk)
    assert claim is not None
    (encoders,) = [polled for polled in polled_lists() if polled.key == ML_CHANNEL.key]
    reading.read_list(encoders)
    look_before(claim, Step.STOP)
    assert order_of_calls(show) == ["medialive:ListChannels", "medialive:DescribeChannel"]
    assert decided(claim.row) is not Step.STOP


def test_a_start_on_an_old_observation_looks_first(idle: WorldUnderTest) -> None:
    idle.control.console("medialive", "start_channel", id=channel().ml_channel_id)
    passing_time.pass_time(idle, 16)
    stage.start(idle)
    passing_time.step_due()
    assert order_of_calls(idle) == ["medialive:DescribeChannel"]
    passing_time.seconds_until(idle, lambda: breakout().state == "running")
    assert idle.illegal() == []


def test_a_start_on_an_old_observation_takes_one_read_and_one_on_a_recent_one_none(
    idle: WorldUnderTest,
) -> None:
    stage.start(idle)
    passing_time.step_due()
    assert order_of_calls(idle) == ["medialive:StartChannel"]
    assert idle.counts() == {"medialive:StartChannel": 1}


def test_before_a_start_one_read_of_each_resource_is_enough(idle: WorldUnderTest) -> None:
    passing_time.pass_time(idle, 16)
    stage.start(idle)
    passing_time.step_due()
    assert idle.counts() == {
        "medialive:DescribeChannel": 1,
        "medialive:DescribeInput": 1,
        "medialive:StartChannel": 1,
        "cloudfront:GetDistribution": 1,
    }


@pytest.mark.parametrize(("age", "reads"), [(10, 0), (16, 1)])
def test_a_stop_reads_only_what_is_old(show: WorldUnderTest, age: int, reads: int) -> None:
    passing_time.pass_time(show, age)
    stage.stop(show)
    passing_time.step_due()
    assert order_of_calls(show) == reads * ["medialive:DescribeChannel"] + ["medialive:StopChannel"]


def test_a_stop_is_sent_even_if_the_channel_cannot_be_read(show: WorldUnderTest) -> None:
    show.control.fault("medialive:DescribeChannel", "access_denied", times=None)
    passing_time.pass_time(show, 16)
    stage.stop(show)
    passing_time.step_due()
    assert medialive_state(show) == "STOPPING"


def test_the_error_of_a_channel_is_that_of_its_breakout_until_it_is_over(show: WorldUnderTest) -> None:
    show.control.fault("medialive:StopChannel", "access_denied", times=2)
    stage.stop(show)
    passing_time.step_due()
    assert (channel().error_code, breakout().shown_error.error_code) == (
        "AccessDeniedException",
        "AccessDeniedException",
    )
    passing_time.seconds_until(show, lambda: breakout().state == "completed")
    assert (channel().error_code, breakout().shown_error.error) == ("", None)


def test_a_start_waits_until_the_channel_can_be_read(idle: WorldUnderTest) -> None:
    idle.control.fault("medialive:DescribeChannel", "access_denied", times=2)
    passing_time.pass_time(idle, 16)
    stage.start(idle)
    passing_time.step_due()
    assert "medialive:StartChannel" not in idle.counts()
    assert breakout().shown_error.error_code == "AccessDeniedException"
    passing_time.seconds_until(idle, lambda: breakout().state == "running")
    assert breakout().shown_error.error is None


UNREAD = "mediapackage:DescribeOriginEndpoint"
ON_ROW = {
    "it was prepared": {"observe_requested": True},
    "an earlier step did not end": {"attempts": 1, "observe_requested": False},
}


@pytest.mark.parametrize("row", ON_ROW.values(), ids=ON_ROW)
@pytest.mark.parametrize("kind", ["throttle", "error500", "access_denied", "cut_before"])
def test_a_show_goes_on_air_although_mediapackage_cannot_be_read(
    idle: WorldUnderTest, kind: str, row: dict[str, object]
) -> None:
    idle.control.fault(UNREAD, kind, times=None)
    stage.start(idle)
    Channel.objects.update(**row)
    passing_time.step_due()
    assert idle.counts()["medialive:StartChannel"] == 1
    assert (channel().error_operation, channel().observe_requested) == (UNREAD, True)
    passing_time.seconds_until(idle, lambda: breakout().state == "running")
    assert (channel().state, breakout().shown_error.error_operation) == ("running", UNREAD)
    idle.control.clear_faults()
    passing_time.seconds_until(idle, lambda: not channel().error_code)
    assert idle.counts()["medialive:StartChannel"] == 1
    assert idle.illegal() == []


def test_a_prepared_show_goes_on_air_although_mediapackage_cannot_be_read(idle: WorldUnderTest) -> None:
    idle.control.fault("mediapackage:DescribeChannel", "access_denied", times=None)
    services.breakout_prepare(breakout(), who=TESTER)
    passing_time.step_due()
    stage.start(idle)
    passing_time.step_due()
    assert medialive_state(idle) == "STARTING"
    assert channel().error_code == "AccessDeniedException"


def test_a_start_whose_answer_was_lost_is_followed_although_mediapackage_cannot_be_read(
    idle: WorldUnderTest,
) -> None:
    idle.control.fault("medialive:StartChannel", "cut_after")
    idle.control.fault(UNREAD, "access_denied", times=None)
    stage.start(idle)
    passing_time.seconds_until(idle, lambda: breakout().state == "running")
    assert idle.counts()["medialive:StartChannel"] == 1
    assert channel().error_operation == UNREAD


@pytest.mark.parametrize("unread", ["medialive:DescribeChannel", "medialive:DescribeInput"])
def test_a_start_waits_for_what_it_relies_on_after_a_step_that_did_not_end(
    idle: WorldUnderTest, unread: str
) -> None:
    idle.control.fault(unread, "access_denied", times=None)
    stage.start(idle)
    Channel.objects.update(attempts=1)
    passing_time.step_due()
    assert "medialive:StartChannel" not in idle.counts()


def test_no_part_is_created_twice_while_another_cannot_be_read(idle: WorldUnderTest) -> None:
    """The create of the endpoint went unanswered: it is found, and then the start goes out."""
    Channel.objects.update(mp_endpoint_id="", attempts=1)
    idle.control.fault("mediapackage:DescribeChannel", "access_denied", times=2)
    stage.start(idle)
    passing_time.seconds_until(idle, lambda: breakout().state == "running")
    assert len(idle.control.inventory()["mediapackage"]["origin_endpoints"]) == 1
    assert idle.illegal() == []


def test_a_channel_stop_of_a_person_reads_once(idle: WorldUnderTest) -> None:
    stage.warm(idle)
    passing_time.seconds_until(idle, lambda: channel().state == "running")
    idle.control.clear_calls()
    services.channel_stop(channel(), who=TESTER)
    passing_time.step_due()
    assert order_of_calls(idle)[-1] == "medialive:StopChannel"
    assert idle.counts()["medialive:DescribeChannel"] == 1
