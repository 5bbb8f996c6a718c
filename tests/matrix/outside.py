"""Flows in which somebody changes in the AWS console what a running show needs.

Between two complete lists, so that only the close watch sees the change. Each has few kinds of faults: the
steps are the same as in the other flows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from channels_app.models import SecurityGroup
from streamhub.lifecycle.models import Transition
from tests.matrix import alias, flows
from tests.matrix.failover import FAILOVER
from tests.matrix.flows import Flow, assert_left, assert_off_air, assert_on_air, without
from tests.scenarios import console_inputs as inputs
from tests.scenarios.stage import (
    STACK,
    breakout,
    channel,
    cloudfront_says,
    distribution,
    medialive_state,
    stands,
    start,
    state_is,
    stop,
    with_breakout,
    with_show,
)
from tests.scenarios.world import WorldUnderTest

FEW = ("killed_after", "throttle", "stale_read", "not_found")


def step_and_watch(world: WorldUnderTest) -> None:
    """A step of every due row and one observation between two complete lists."""
    world.step_all()
    world.watch()


# --- what somebody does ----------------------------------------------------------------------


def in_medialive(action: str, column: str = "ml_channel_id") -> Callable[[WorldUnderTest], object]:
    return lambda world: world.control.console("medialive", action, id=getattr(channel(), column))


def in_mediapackage(action: str, column: str) -> Callable[[WorldUnderTest], object]:
    return lambda world: world.control.console("mediapackage", action, id=getattr(channel(), column))


def in_cloudfront(action: str, **more: Any) -> Callable[[WorldUnderTest], object]:
    return lambda world: world.control.console(
        "cloudfront", action, Id=distribution().aws_distribution_id, **more
    )


def let_others_in(world: WorldUnderTest) -> None:
    group = SecurityGroup.objects.get().aws_id
    world.control.console("medialive", "update_input_security_group", id=group, cidrs=["192.0.2.0/24"])


def close_endpoint(world: WorldUnderTest) -> None:
    denied = {"Origination": "DENY", "Whitelist": ["192.0.2.0/24"]}
    world.control.console("mediapackage", "edit_endpoint", id=channel().mp_endpoint_id, changes=denied)


def edit_and_start(change: Callable[[WorldUnderTest], object]) -> Callable[[WorldUnderTest], object]:
    """Start a breakout just after somebody has edited the input of its idle channel."""

    def act(world: WorldUnderTest) -> None:
        change(world)
        start(world)

    return act


def edit_on_air(world: WorldUnderTest) -> None:
    """The encoder is off for the edit, because MediaLive takes none while it runs."""
    inputs.off_the_air(world)
    inputs.move_to_another_group(world)
    inputs.on_the_air(world)


def delete_input(world: WorldUnderTest) -> None:
    """AWS deletes no input that a channel uses: the channel goes first."""
    in_medialive("delete_channel")(world)
    in_medialive("delete_input", "ml_input_id")(world)


def stop_there_and_here(world: WorldUnderTest) -> None:
    """Stop the breakout just after somebody has stopped its encoder: no second StopChannel may be sent."""
    in_medialive("stop_channel")(world)
    stop(world)


# --- how it ends -----------------------------------------------------------------------------


def told(what: str) -> bool:
    """Whether both timelines say it."""
    lines = Transition.objects.filter(why__contains=what)
    return all(lines.filter(resource_type=kind).exists() for kind in ("channel", "breakout"))


def on_air_again(what: str) -> Callable[[], bool]:
    return lambda: told(what) and stands("running")


def runs_again() -> bool:
    """The breakout says that its channel was stopped, and that it runs again."""
    again = Transition.objects.filter(resource_type="breakout", why="the channel runs again")
    return told("StreamHub starts it again") and again.exists() and stands("running")


def rules_restored() -> bool:
    return told("changed outside StreamHub") and not SecurityGroup.objects.get().rules_differ


def input_restored(what: str) -> Callable[[], bool]:
    def restored() -> bool:
        row = channel()
        return (
            told("input changed outside")
            and (told(what) or told("as it should be again"))
            and stands("running")
            and row.input_told == ""
        )

    return restored


def input_told() -> bool:
    return told("input changed outside") and stands("running") and channel().error_code == "input_changed"


def tag_restored() -> bool:
    return (
        told("input changed outside StreamHub: tags (team)")
        and stands("running")
        and channel().input_told == ""
    )


def assert_on_air_beside(foreign: str = "", *, ours: bool = True) -> Callable[[WorldUnderTest], None]:
    """On air, on an input that is as it should be, beside one foreign resource of that kind."""

    def check(world: WorldUnderTest) -> None:
        more = {foreign: STACK[foreign] + 1} if foreign else {}
        assert_left({**STACK, **more})(world)
        assert medialive_state(world) == "RUNNING"
        assert cloudfront_says(world) == (True, "Deployed")
        groups = inputs.listed(world)["security_group_ids"]
        assert (groups == [SecurityGroup.objects.get().aws_id]) == ours
        assert inputs.listed(world)["tags"]["team"] == "events"
        assert inputs.attached(world) == [channel().ml_input_id]

    return check


def endpoint_opened() -> bool:
    return told("opens it again") and not channel().endpoint_closed_by


def lost() -> bool:
    return breakout().shown_error.error_code == "deleted_outside"


def edited() -> bool:
    return told("edited outside") and distribution().error_code == "edited_outside"


def assert_over_without(*kinds: str) -> Callable[[WorldUnderTest], None]:
    """The breakout has failed with its channel."""

    def check(world: WorldUnderTest) -> None:
        assert_left(without(*kinds))(world)
        assert (channel().state, breakout().state) == ("failed", "failed")

    return check


def assert_encoding_without(*kinds: str) -> Callable[[WorldUnderTest], None]:
    """The breakout stays on air with its encoder, and shows what its channel lost."""

    def check(world: WorldUnderTest) -> None:
        assert_left(without(*kinds))(world)
        assert (channel().state, breakout().state) == ("failed", "running")
        assert medialive_state(world) == "RUNNING"

    return check


def during_a_show(
    change: Callable[[WorldUnderTest], object],
    until: Callable[[], bool],
    check: Callable[[WorldUnderTest], None],
) -> Flow:
    return Flow(with_show, change, until, check, round=step_and_watch, watched=True, kinds=FEW, rounds=60)


def before_a_show(
    change: Callable[[WorldUnderTest], object],
    until: Callable[[], bool],
    check: Callable[[WorldUnderTest], None],
) -> Flow:
    return Flow(
        with_breakout, edit_and_start(change), until, check, round=step_and_watch, kinds=FEW, rounds=60
    )


ENDPOINT, PACKAGE = "mediapackage origin_endpoints", "mediapackage channels"
GROUP, INPUT = "medialive input_security_groups", "medialive inputs"
OUTSIDE = {
    "outside_channel_stopped": during_a_show(in_medialive("stop_channel"), runs_again, assert_on_air),
    "outside_channel_stopped_and_stop": during_a_show(
        stop_there_and_here, lambda: state_is("completed"), assert_off_air
    ),
    "outside_channel_deleted": during_a_show(
        in_medialive("delete_channel"), lost, assert_over_without("medialive channels")
    ),
    "outside_input_deleted": during_a_show(
        delete_input, lost, assert_over_without("medialive channels", "medialive inputs")
    ),
    "outside_group_updated": during_a_show(let_others_in, rules_restored, assert_on_air),
    "outside_input_edited_on_air": during_a_show(
        edit_on_air, input_told, assert_on_air_beside(GROUP, ours=False)
    ),
    "outside_input_retagged": during_a_show(
        lambda world: inputs.retag(world, team="weather"), tag_restored, assert_on_air_beside()
    ),
    "outside_input_edited_before": before_a_show(
        inputs.move_to_another_group, input_restored("settings restored"), assert_on_air_beside(GROUP)
    ),
    "outside_input_detached_before": before_a_show(
        inputs.attach_another, input_restored("input attached again"), assert_on_air_beside(INPUT)
    ),
    "outside_endpoint_deleted": during_a_show(
        in_mediapackage("delete_endpoint", "mp_endpoint_id"), lost, assert_encoding_without(ENDPOINT)
    ),
    "outside_endpoint_denied": during_a_show(close_endpoint, endpoint_opened, assert_on_air),
    "outside_package_deleted": during_a_show(
        in_mediapackage("delete_channel", "mp_channel_id"), lost, assert_encoding_without(ENDPOINT, PACKAGE)
    ),
    "outside_distribution_deleted": during_a_show(
        in_cloudfront("delete", force=True), flows.on_air_with_replacement, assert_on_air
    ),
    "outside_distribution_disabled": during_a_show(
        in_cloudfront("disable"), on_air_again("disabled outside StreamHub, enabled again"), assert_on_air
    ),
    "outside_distribution_updated": during_a_show(
        in_cloudfront("edit", changes={"PriceClass": "PriceClass_All"}), edited, assert_on_air
    ),
}
FLOWS = {**flows.FLOWS, **FAILOVER, **alias.FLOWS, **OUTSIDE}
