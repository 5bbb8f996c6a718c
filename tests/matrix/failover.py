"""Flows of channels with two inputs: their creation and deletion, and the rescue verbs of a show on them."""

from __future__ import annotations

from channels_app import services
from channels_app.models import Channel
from tests.matrix.flows import Flow, assert_left, do_nothing
from tests.scenarios.prepared import begin_with
from tests.scenarios.stage import STACK, WHO, channel, delete, medialive_state, nothing, ready, stands
from tests.scenarios.world import WorldUnderTest

STACK_OF_TWO = {**STACK, "medialive inputs": 2}


def create_failover(world: WorldUnderTest) -> Channel:
    return services.channel_create(
        "stage",
        who=WHO,
        allowed_cidrs=["203.0.113.7/32"],
        second_input={"type": "RTMP_PUSH"},
        slate_on_loss=True,
    )


def _settled(world: WorldUnderTest) -> None:
    create_failover(world)
    world.settle(until=ready)
    world.settle()


def with_failover(world: WorldUnderTest) -> None:
    begin_with(world, _settled)


def _on_air(world: WorldUnderTest) -> None:
    _settled(world)
    services.breakout_start(services.breakout_create(channel(), "talk", who=WHO), who=WHO)
    world.settle(until=lambda: stands("running"))
    world.settle()


def with_show_on_two(world: WorldUnderTest) -> None:
    begin_with(world, _on_air)


def rescue(world: WorldUnderTest) -> None:
    services.channel_switch_input(channel(), "second", who=WHO)
    services.channel_restart_pipelines(channel(), who=WHO)


def rescued() -> bool:
    row = channel()
    return stands("running") and not (row.switch_wanted or row.restart_wanted)


def assert_attached(world: WorldUnderTest) -> None:
    assert_left(STACK_OF_TWO)(world)
    row = channel()
    (encoder,) = world.control.inventory()["medialive"]["channels"]
    assert encoder["input_ids"] == [row.ml_input_id, row.ml_second_id]


def assert_rescued(world: WorldUnderTest) -> None:
    """It reads the second input, unless a refusal is shown; each restart was sent once."""
    assert_attached(world)
    assert medialive_state(world) in ("RUNNING", "RECOVERING")
    taken = [call for call in world.control.calls() if call["name"] == "medialive:RestartChannelPipelines"]
    assert sum(not call["error"] for call in taken) <= 1
    described = world.session.call("medialive", "DescribeChannel", ChannelId=channel().ml_channel_id)[0]
    read = {each["ActiveInputAttachmentName"] for each in described["PipelineDetails"]}
    assert read == {"second"} or channel().error_code == "rescue_refused"


FAILOVER = {
    "channel_create_failover": Flow(do_nothing, create_failover, ready, assert_attached),
    "channel_delete_failover": Flow(with_failover, delete, nothing, assert_left({}), reaps=True),
    "channel_rescue": Flow(with_show_on_two, rescue, rescued, assert_rescued),
}
