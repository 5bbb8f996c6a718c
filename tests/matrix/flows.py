"""The flows of the matrix: a prepared world, what is then done to it, and what must be true at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from channels_app.services import (
    breakout_cancel,
    breakout_create,
    breakout_start,
    breakout_stop,
    channel_create,
    channel_delete,
    distribution_create_and_attach,
)
from distributions.models import Distribution
from distributions.services import distribution_detach
from tests.world import WorldUnderTest

WHO = "matrix"
STACK = {
    "cloudfront distributions": 1,
    "mediapackage channels": 1,
    "mediapackage origin_endpoints": 1,
    "medialive channels": 1,
    "medialive inputs": 1,
    "medialive input_security_groups": 1,
}


@dataclass(frozen=True)
class Flow:
    """`prepare` goes well; things go wrong during `run`, which ends by asserting the intent."""

    prepare: Callable[[WorldUnderTest], None]
    run: Callable[[WorldUnderTest], None]


def create(world: WorldUnderTest | None = None) -> Channel:
    return channel_create("stage", who=WHO, allowed_cidrs=["203.0.113.7/32"])


def channel() -> Channel:
    return Channel.objects.select_related("distribution").get()


def ready() -> bool:
    row = Channel.objects.select_related("distribution").first()
    return (
        row is not None
        and row.state == "idle"
        and row.distribution is not None
        and row.distribution.state == "deployed"
    )


def nothing() -> bool:
    return not any(model.objects.exists() for model in (Channel, Distribution, SecurityGroup))


def with_channel(world: WorldUnderTest) -> None:
    create()
    world.settle(until=ready)


def with_breakout(world: WorldUnderTest) -> None:
    with_channel(world)
    breakout_create(channel(), "keynote", who=WHO)


def with_show(world: WorldUnderTest) -> None:
    with_breakout(world)
    breakout_start(Breakout.objects.get(), who=WHO)
    world.settle(until=lambda: state_is("running"))


def state_is(state: str) -> bool:
    return Breakout.objects.get().state == state


def medialive_state(world: WorldUnderTest) -> str:
    """AWS's truth, not the row's."""
    (only,) = world.control.inventory()["medialive"]["channels"]
    return str(only["state"])


def until_nothing(world: WorldUnderTest) -> None:
    for _ in range(12):
        world.settle(until=nothing, rounds=20, strict=False)
        if nothing():
            break
        world.reap()
    assert nothing(), "rows are left"
    assert world.left() == {}


def run_create(world: WorldUnderTest) -> None:
    create()
    world.settle(until=ready)
    assert world.left() == STACK


def run_early_delete(world: WorldUnderTest) -> None:
    row = create()
    for _ in range(3):
        world.step_all()
    channel_delete(row, who=WHO)
    until_nothing(world)


def run_delete(world: WorldUnderTest) -> None:
    channel_delete(channel(), who=WHO)
    until_nothing(world)


def run_start(world: WorldUnderTest) -> None:
    breakout_start(Breakout.objects.get(), who=WHO)
    world.settle(until=lambda: state_is("running"))
    assert medialive_state(world) == "RUNNING"
    assert world.left() == STACK
    assert Attachment.objects.get().ended_at is None


def run_stop(world: WorldUnderTest) -> None:
    breakout_stop(Breakout.objects.get(), who=WHO)
    world.settle(until=lambda: state_is("completed"))
    assert medialive_state(world) == "IDLE"
    assert Attachment.objects.get().ended_at is not None


def run_start_and_cancel(world: WorldUnderTest) -> None:
    breakout_start(Breakout.objects.get(), who=WHO)
    world.step_all()
    breakout_cancel(Breakout.objects.get(), who=WHO)
    world.settle(until=lambda: state_is("cancelled"))
    assert medialive_state(world) == "IDLE"


def run_replace(world: WorldUnderTest) -> None:
    distribution_detach(channel().distribution, who=WHO)
    distribution_create_and_attach(channel(), who=WHO)
    for _ in range(12):
        world.settle(until=lambda: ready() and Distribution.objects.count() == 1, rounds=15, strict=False)
        world.reap()
    assert ready()
    assert world.left() == STACK


def run_failsafe(world: WorldUnderTest) -> None:
    lost = channel().distribution
    world.control.console("cloudfront", "delete", Id=lost.aws_distribution_id, force=True)

    def replaced() -> bool:
        row = channel().distribution
        return row is not None and row.pk != lost.pk and row.state == "deployed"

    world.settle(until=replaced)
    assert world.left() == STACK
    assert Attachment.objects.filter(ended_at=None).count() == 1


FLOWS = {
    "channel_create": Flow(lambda world: None, run_create),
    "early_delete": Flow(lambda world: None, run_early_delete),
    "channel_delete": Flow(with_channel, run_delete),
    "start": Flow(with_breakout, run_start),
    "stop": Flow(with_show, run_stop),
    "start_and_cancel": Flow(with_breakout, run_start_and_cancel),
    "replace_distribution": Flow(with_channel, run_replace),
    "failsafe": Flow(with_show, run_failsafe),
}
