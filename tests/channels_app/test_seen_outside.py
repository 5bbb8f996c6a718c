"""How long a change outside StreamHub stays unseen while a show needs what was changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings

from channels_app.decide.steps import Step
from channels_app.driver.observing import contradicted_part
from channels_app.models import Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.aws import mediapackage
from streamhub.aws.session import current_session
from streamhub.lifecycle.models import Transition
from tests.scenarios import console_inputs as inputs
from tests.scenarios import passing_time, stage
from tests.scenarios.stage import breakout, channel, medialive_state
from tests.scenarios.world import WorldUnderTest


@dataclass(frozen=True)
class Change:
    """A change in the AWS console.

    `error`: what the row `on` shows of it; empty: it is undone in the step that sees it. `told`: what the
    timelines say. `restored`: whether it is undone.
    """

    do: Callable[[WorldUnderTest], object]
    error: str
    told: str
    restored: Callable[[WorldUnderTest], bool] | None = None
    on: type[Channel] | type[Distribution] = Channel


def console(service: str, action: str, column: str) -> Callable[[WorldUnderTest], object]:
    def act(world: WorldUnderTest) -> None:
        row = channel()
        name, row = ("Id", row.distribution) if service == "cloudfront" else ("id", row)
        more = {"force": True} if (service, action) == ("cloudfront", "delete") else {}
        world.control.console(service, action, **{name: getattr(row, column)}, **more)

    return act


def both(*acts: Callable[[WorldUnderTest], object]) -> Callable[[WorldUnderTest], object]:
    return lambda world: [act(world) for act in acts]


def edit(world: WorldUnderTest) -> None:
    aws_id = stage.distribution().aws_distribution_id
    world.control.console("cloudfront", "edit", Id=aws_id, changes={"PriceClass": "PriceClass_All"})


def let_others_in(world: WorldUnderTest) -> None:
    group = SecurityGroup.objects.get().aws_id
    world.control.console("medialive", "update_input_security_group", id=group, cidrs=["192.0.2.0/24"])


def close_endpoint(world: WorldUnderTest) -> None:
    denied = {"Origination": "DENY", "Whitelist": ["192.0.2.0/24"]}
    world.control.console("mediapackage", "edit_endpoint", id=channel().mp_endpoint_id, changes=denied)


def endpoint_is_open(world: WorldUnderTest) -> bool:
    endpoint = mediapackage.MediaPackage(current_session()).describe_endpoint(channel().mp_endpoint_id)
    return not endpoint.closed_by and not channel().endpoint_closed_by


def rules_are_ours(world: WorldUnderTest) -> bool:
    (group,) = world.control.inventory()["medialive"]["input_security_groups"]
    return bool(group["cidrs"] == ["203.0.113.7/32"])


def off_air(act: Callable[[WorldUnderTest], object]) -> Callable[[WorldUnderTest], object]:
    """Stop, edit, start: MediaLive takes no edit of an input on air. All between two observations."""

    def acts(world: WorldUnderTest) -> None:
        inputs.off_the_air(world)
        act(world)
        world.control.advance(30)  # the longest that an update takes
        inputs.on_the_air(world)

    return acts


def tag_is_ours(world: WorldUnderTest) -> bool:
    return bool(inputs.described(world)["Tags"]["team"] == "events")


def stop_and_start(world: WorldUnderTest) -> None:
    stop_encoder(world)
    world.control.advance(30)  # the longest that a stop takes
    console("medialive", "start_channel", "ml_channel_id")(world)


def runs(world: WorldUnderTest) -> bool:
    return medialive_state(world) == "RUNNING" and channel().state == "running"


def enabled(world: WorldUnderTest) -> bool:
    return stage.cloudfront_says(world)[0]


def replaced(world: WorldUnderTest) -> bool:
    row = channel().distribution
    return row is not None and bool(row.aws_distribution_id) and enabled(world)


stop_encoder = console("medialive", "stop_channel", "ml_channel_id")
delete_encoder = console("medialive", "delete_channel", "ml_channel_id")
CHANGES = {
    "MediaLive channel stopped": Change(stop_encoder, "stopped_outside", "StreamHub starts it again", runs),
    "MediaLive channel stopped and started": Change(
        stop_and_start, "restarted_outside", "started again outside", runs
    ),
    "MediaLive channel deleted": Change(delete_encoder, "deleted_outside", "deleted outside"),
    "MediaPackage endpoint deleted": Change(
        console("mediapackage", "delete_endpoint", "mp_endpoint_id"), "suspected_missing", "deleted outside"
    ),
    "MediaPackage endpoint closed": Change(close_endpoint, "", "StreamHub opens it again", endpoint_is_open),
    "MediaPackage channel deleted": Change(
        console("mediapackage", "delete_channel", "mp_channel_id"), "suspected_missing", "deleted outside"
    ),
    "distribution deleted": Change(
        console("cloudfront", "delete", "aws_distribution_id"),
        "suspected_missing",
        "deleted outside StreamHub, replaced",
        replaced,
        Distribution,
    ),
    "distribution disabled": Change(
        console("cloudfront", "disable", "aws_distribution_id"),
        "disabled_outside",
        "disabled outside StreamHub, enabled again",
        enabled,
        Distribution,
    ),
    "security group's rules changed": Change(
        let_others_in,
        "",
        "changed outside StreamHub to 192.0.2.0/24, StreamHub restores them",
        rules_are_ours,
    ),
    "MediaLive input moved to another security group": Change(
        off_air(inputs.move_to_another_group),
        "input_changed",
        "input changed outside StreamHub: security groups",
    ),
    "MediaLive input's stream names changed": Change(
        off_air(inputs.rename_streams), "input_changed", "input changed outside StreamHub: stream names"
    ),
    "MediaLive channel reads another input": Change(
        off_air(inputs.attach_another), "input_changed", "input changed outside StreamHub: attachment"
    ),
    "MediaLive input renamed": Change(
        off_air(inputs.rename), "", "input changed outside StreamHub: name (studio)"
    ),
    "MediaLive input's tags changed": Change(
        lambda world: inputs.retag(world, team="weather"),
        "",
        "input changed outside StreamHub: tags (team)",
        tag_is_ours,
    ),
    "distribution edited": Change(edit, "edited_outside", "edited outside StreamHub", None, Distribution),
}


@pytest.fixture
def show(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    """A running show, seen a moment ago, at the periods of production."""
    stage.with_show(world)
    passing_time.begin(world, settings)
    assert (channel().state, channel().error_code) == ("running", "")
    world.control.clear_calls()
    return world


def errors(model: type[Channel] | type[Distribution]) -> set[str]:
    return set(model._default_manager.values_list("error_code", flat=True))


def told(kind: str, what: str) -> bool:
    return Transition.objects.filter(resource_type=kind, why__icontains=what).exists()


def bound() -> float:
    return 2 * settings.OBSERVE_SECONDS


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_during_a_show_is_seen_told_and_restored(
    show: WorldUnderTest, name: str, record_property: Callable[[str, object], None]
) -> None:
    change = CHANGES[name]
    change.do(show)
    unseen = passing_time.seconds_until(
        show, lambda: change.error in errors(change.on) if change.error else told("breakout", change.told)
    )
    record_property("unseen", f"{name}: {unseen} s")
    assert unseen <= bound()
    if change.on is Channel:
        assert breakout().shown_error.error_code == channel().error_code
    passing_time.seconds_until(
        show, lambda: told("channel", change.told) and told("breakout", change.told), already=unseen
    )
    if change.restored is not None:
        passing_time.seconds_until(show, lambda: change.restored(show))  # type: ignore[misc]
        assert breakout().state == "running"
        assert show.illegal() == []


@pytest.mark.parametrize(
    ("gone", "read_first"), [(False, "ml_channel"), (True, None)], ids=["it may run", "it is gone itself"]
)
def test_an_encoder_that_was_idle_when_last_read_is_read_before_its_breakout_ends(
    gone: bool, read_first: str | None
) -> None:
    """One that is gone is not: each answer "does not exist" would be doubted anew, and nothing would end."""
    row = Channel(state="running", ml_channel_id="1", ml_channel_state="IDLE", ml_channel_gone=gone)
    part = contradicted_part(row, Step.FAIL_LOST)
    assert (part and part.key) == read_first
