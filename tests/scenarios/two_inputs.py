"""A channel with a second input, and a show on it."""

from __future__ import annotations

from channels_app import services
from channels_app.models import Channel
from tests.scenarios.prepared import begin_with
from tests.scenarios.stage import WHO, channel, ready, stands
from tests.scenarios.world import WorldUnderTest


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
