"""One channel named "stage": prepared states, verbs, and queries."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from channels_app import services
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions import services as distributions
from distributions.models import Distribution
from tests.scenarios.actors import TESTER
from tests.scenarios.prepared import begin_with
from tests.scenarios.world import WorldUnderTest

WHO = TESTER
STACK = {
    "cloudfront distributions": 1,
    "mediapackage channels": 1,
    "mediapackage origin_endpoints": 1,
    "medialive channels": 1,
    "medialive inputs": 1,
    "medialive input_security_groups": 1,
}
MINUTE = timedelta(minutes=1)


def channel() -> Channel:
    return Channel.objects.select_related("distribution").get()


def distribution() -> Distribution:
    return Distribution.objects.get()


def breakout() -> Breakout:
    return Breakout.objects.get()


def stands(state: str) -> bool:
    """The channel is in that state and its distribution is deployed."""
    row = Channel.objects.select_related("distribution").first()
    return (
        row is not None
        and row.state == state
        and row.distribution is not None
        and row.distribution.state == "deployed"
    )


def ready() -> bool:
    return stands("idle")


def nothing() -> bool:
    return not any(model.objects.exists() for model in (Channel, Distribution, SecurityGroup))


def alone() -> bool:
    """There is no distribution."""
    return channel().distribution is None and not Distribution.objects.exists()


def state_is(state: str) -> bool:
    return breakout().state == state


def disabled() -> bool:
    return distribution().state == "disabled"


def medialive_state(world: WorldUnderTest) -> str:
    """The state on AWS, not on the row."""
    (channel,) = world.control.inventory()["medialive"]["channels"]
    return str(channel["state"])


def cloudfront_says(world: WorldUnderTest) -> tuple[bool, str]:
    """(Enabled, Status) of the only distribution."""
    (distribution,) = world.control.inventory()["cloudfront"]["distributions"]
    return distribution["Enabled"], distribution["Status"]


def create(world: WorldUnderTest | None = None) -> Channel:
    tags = {"team": "events"}
    return services.channel_create("stage", who=WHO, allowed_cidrs=["203.0.113.7/32"], tags=tags)


def with_channel(world: WorldUnderTest) -> None:
    """An idle channel with nothing left to do. It is created only once per process."""
    begin_with(world, _settled)


def _settled(world: WorldUnderTest) -> None:
    create()
    world.settle()


def with_breakout(world: WorldUnderTest) -> None:
    with_channel(world)
    services.breakout_create(channel(), "keynote", who=WHO)


def with_show(world: WorldUnderTest) -> None:
    with_breakout(world)
    start(world)
    world.settle(until=lambda: state_is("running"))
    watch(world)


def with_stale(world: WorldUnderTest) -> None:
    with_channel(world)
    detach(world)
    world.settle(until=disabled)


def without_distribution(world: WorldUnderTest) -> None:
    with_breakout(world)
    lose(world)
    world.settle(until=alone)


def start(world: WorldUnderTest) -> None:
    services.breakout_start(breakout(), who=WHO)


def stop(world: WorldUnderTest) -> None:
    services.breakout_stop(breakout(), who=WHO)


def detach(world: WorldUnderTest) -> None:
    row = channel().distribution
    assert row is not None
    distributions.distribution_detach(row, who=WHO)


def attach(world: WorldUnderTest) -> None:
    services.distribution_create_and_attach(channel(), who=WHO)


def reattach(world: WorldUnderTest) -> None:
    services.distribution_reattach(channel(), distribution(), who=WHO)


def replace(world: WorldUnderTest) -> None:
    detach(world)
    attach(world)


def lose(world: WorldUnderTest) -> None:
    """Delete the distribution in the AWS console."""
    world.control.console("cloudfront", "delete", Id=distribution().aws_distribution_id, force=True)


def warm(world: WorldUnderTest) -> None:
    services.channel_warm(channel(), timezone.now() + timedelta(hours=1), who=WHO)


def delete(world: WorldUnderTest) -> None:
    services.channel_delete(channel(), who=WHO)


def watch(world: WorldUnderTest) -> None:
    """Deliver traffic on every open attachment."""
    for attachment in Attachment.objects.filter(ended_at=None):
        world.control.deliver(attachment.aws_distribution_id, 1_000_003, 17)
