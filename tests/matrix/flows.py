"""The flows of the matrix. Each drives the product through verbs and says what must be true at the end."""

from __future__ import annotations

from collections.abc import Callable

from channels_app.models import Channel, SecurityGroup
from channels_app.services import channel_create, channel_delete
from distributions.models import Distribution
from tests.world import WorldUnderTest

STACK = {
    "cloudfront distributions": 1,
    "mediapackage channels": 1,
    "mediapackage origin_endpoints": 1,
    "medialive channels": 1,
    "medialive inputs": 1,
    "medialive input_security_groups": 1,
}


def settled(state: str) -> Callable[[], bool]:
    def holds() -> bool:
        row = Channel.objects.select_related("distribution").first()
        return (
            row is not None
            and row.state == state
            and row.distribution is not None
            and row.distribution.state == "deployed"
        )

    return holds


def channel_life(world: WorldUnderTest) -> None:
    """Create a channel, delete it, reap its distribution."""
    row = channel_create("stage", who="test", allowed_cidrs=["203.0.113.7/32"])
    world.settle(until=settled("idle"))
    assert world.left() == STACK
    channel_delete(row, who="test")
    world.settle(until=lambda: stale() and not Channel.objects.exists())
    for _ in range(10):
        world.reap()
        world.settle(until=nothing, rounds=20, strict=False)
        if nothing():
            break
    assert nothing()
    assert world.left() == {}


def early_delete(world: WorldUnderTest) -> None:
    """Delete a channel at once after creating it, whatever has been made by then."""
    row = channel_create("stage", who="test", allowed_cidrs=["203.0.113.7/32"])
    for _ in range(3):
        world.step_all()
    channel_delete(row, who="test")
    for _ in range(10):
        world.settle(until=nothing, rounds=40, strict=False)
        world.reap()
        if nothing():
            break
    assert nothing()
    assert world.left() == {}


def stale() -> bool:
    return not Distribution.objects.exclude(state="disabled").exists()


def nothing() -> bool:
    return not any(model.objects.exists() for model in (Channel, Distribution, SecurityGroup))


FLOWS = {"channel_life": channel_life, "early_delete": early_delete}
