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


def rest(world: WorldUnderTest) -> None:
    """Nothing to do."""


@dataclass(frozen=True)
class Flow:
    """A world prepared well; an intent; the work that follows, in which things go wrong; the end.

    `meanwhile` is called before every round of the work and must be idempotent: a killed worker's
    successor calls it again. `until` says that the work is done, `check` asserts the intent on AWS.
    """

    prepare: Callable[[WorldUnderTest], object]
    intent: Callable[[WorldUnderTest], object]
    until: Callable[[], bool]
    check: Callable[[WorldUnderTest], None]
    meanwhile: Callable[[WorldUnderTest], object] = rest
    reaps: bool = False
    rounds: int = 300

    def work(self, world: WorldUnderTest) -> None:
        """Steps, observations and (every fifth round) the reaper, until done."""
        for n in range(self.rounds):
            if self.until():
                return
            self.meanwhile(world)
            world.step_all()
            world.observe()
            if self.reaps and n % 5 == 4:
                world.reap()
        raise AssertionError(f"not done after {self.rounds} rounds; due: {world.due()}")


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


def left_is(expected: dict[str, int]) -> Callable[[WorldUnderTest], None]:
    def check(world: WorldUnderTest) -> None:
        assert world.left() == expected, world.left()

    return check


def delete_early(world: WorldUnderTest) -> None:
    """As soon as the input is there, and whatever else is under way then."""
    row = Channel.objects.exclude(desired="deleted").first()
    if row is not None and row.ml_input_sent_at is not None:
        channel_delete(row, who=WHO)


def cancel_early(world: WorldUnderTest) -> None:
    if channel().start_accepted_at is not None and state_is("starting"):
        breakout_cancel(Breakout.objects.get(), who=WHO)


def replace(world: WorldUnderTest) -> None:
    distribution_detach(channel().distribution, who=WHO)
    distribution_create_and_attach(channel(), who=WHO)


def lose(world: WorldUnderTest) -> None:
    """Somebody deletes the distribution in the console during the show."""
    lost = channel().distribution.aws_distribution_id
    world.control.console("cloudfront", "delete", Id=lost, force=True)


def replaced() -> bool:
    ids = Attachment.objects.values_list("aws_distribution_id", flat=True)
    return ready_but_for("running") and len(set(ids)) == 2 and "" not in ids


def ready_but_for(state: str) -> bool:
    row = channel()
    return row.state == state and row.distribution is not None and row.distribution.state == "deployed"


def on_air(world: WorldUnderTest) -> None:
    left_is(STACK)(world)
    assert medialive_state(world) == "RUNNING"
    assert Attachment.objects.filter(ended_at=None).count() == 1


def off_air(world: WorldUnderTest) -> None:
    left_is(STACK)(world)
    assert medialive_state(world) == "IDLE"
    assert Attachment.objects.filter(ended_at=None).count() == 0


def breakout() -> Breakout:
    return Breakout.objects.get()


FLOWS = {
    "channel_create": Flow(rest, create, ready, left_is(STACK)),
    "channel_delete": Flow(
        with_channel, lambda world: channel_delete(channel(), who=WHO), nothing, left_is({}), reaps=True
    ),
    "early_delete": Flow(rest, create, nothing, left_is({}), meanwhile=delete_early, reaps=True),
    "start": Flow(
        with_breakout, lambda w: breakout_start(breakout(), who=WHO), lambda: state_is("running"), on_air
    ),
    "stop": Flow(
        with_show, lambda w: breakout_stop(breakout(), who=WHO), lambda: state_is("completed"), off_air
    ),
    "start_and_cancel": Flow(
        with_breakout,
        lambda w: breakout_start(breakout(), who=WHO),
        lambda: state_is("cancelled"),
        off_air,
        meanwhile=cancel_early,
    ),
    "replace_distribution": Flow(
        with_channel,
        replace,
        lambda: ready() and Distribution.objects.count() == 1,
        left_is(STACK),
        reaps=True,
    ),
    "failsafe": Flow(with_show, lose, replaced, on_air),
}
