"""Somebody edits the second input in MediaLive's console: told and restored as with the first one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from channels_app import services
from channels_app.models import Channel, SecurityGroup
from drift.report import report
from streamhub.lifecycle.models import Transition
from tests.scenarios import console_inputs as console
from tests.scenarios.stage import WHO, breakout, channel, medialive_state, state_is, stop
from tests.scenarios.two_inputs import with_failover, with_show_on_two
from tests.scenarios.world import WorldUnderTest


def move(world: WorldUnderTest) -> None:
    console.edit(world, second=True, InputSecurityGroups=[console.another_group(world)])


def rename_streams(world: WorldUnderTest) -> None:
    places = [{"StreamName": "studio/a"}, {"StreamName": "studio/b"}]
    console.edit(world, second=True, Destinations=places)


EDITS: dict[str, Callable[[WorldUnderTest], None]] = {
    "security groups": move,
    "stream names": rename_streams,
    "name": partial(console.edit, second=True, Name="studio"),
}


def is_ours(world: WorldUnderTest) -> bool:
    row, now = channel(), console.described(world, second=True)
    names = [url.rpartition("1935/")[2] for url in (place["Url"] for place in now["Destinations"])]
    return (
        now["Name"] == f"{row.aws_name()}-second"
        and now["SecurityGroups"] == [SecurityGroup.objects.get().aws_id]
        and names == [f"{row.uid}/c", f"{row.uid}/d"]
    )


def told(kind: str, what: str) -> int:
    return Transition.objects.filter(resource_type=kind, why__contains=what).count()


@pytest.mark.parametrize("what", EDITS)
def test_what_was_edited_is_told_and_restored_while_idle(world: WorldUnderTest, what: str) -> None:
    with_failover(world)
    world.control.clear_calls()
    EDITS[what](world)
    assert not is_ours(world)
    world.observe()
    world.settle()
    assert is_ours(world)
    assert world.counts()["medialive:UpdateInput"] == 1
    assert told("channel", f"input changed outside StreamHub: second input's {what}") == 1
    assert told("channel", "second MediaLive input: settings restored") == 1
    assert (channel().state, channel().error_code, channel().input_told) == ("idle", "", "")
    assert world.illegal() == []


def test_both_inputs_are_restored_at_once(world: WorldUnderTest) -> None:
    with_failover(world)
    world.control.clear_calls()
    console.rename(world)
    move(world)
    world.observe()
    world.settle()
    assert is_ours(world)
    assert console.described(world)["Name"] == channel().aws_name()
    assert world.counts()["medialive:UpdateInput"] == 2
    assert told("channel", "changed outside StreamHub: name (studio), second input's security groups") == 1


def both_edited_and_refused(world: WorldUnderTest, *ids: str) -> None:
    """Somebody moves both inputs to another group, and AWS refuses to restore these."""
    console.move_to_another_group(world)
    move(world)
    for id in ids:
        error = {"code": "BadRequestException", "message": f"No {id}", "status": 400}
        world.control.fault("medialive:UpdateInput", "refuse", error=error, where={"InputId": id})
    world.control.clear_calls()
    world.observe()


def test_a_show_starts_with_the_second_input_restored_if_aws_refuses_the_main_one(
    world: WorldUnderTest,
) -> None:
    with_failover(world)
    both_edited_and_refused(world, channel().ml_input_id)
    services.breakout_start(services.breakout_create(channel(), "talk", who=WHO), who=WHO)
    world.settle(until=lambda: state_is("running"))
    assert world.counts()["medialive:UpdateInput"] == 2
    assert is_ours(world)
    why = "MediaLive input not restored, the show starts with it as it is: No "
    assert Transition.objects.filter(resource_type="breakout", why__startswith=why).count() == 1
    assert "does not show what it accepted: security groups (" in channel().input_told
    assert "second input" not in channel().input_told
    assert channel().error_code == "input_changed"


def test_a_start_names_the_second_input_if_aws_refuses_that_one(world: WorldUnderTest) -> None:
    with_failover(world)
    both_edited_and_refused(world, channel().ml_second_id)
    services.breakout_start(services.breakout_create(channel(), "talk", who=WHO), who=WHO)
    world.settle(until=lambda: state_is("running"))
    why = "second MediaLive input not restored, the show starts with it as it is: No "
    assert Transition.objects.filter(resource_type="breakout", why__startswith=why).count() == 1
    assert channel().input_told.startswith(
        "MediaLive does not show what it accepted: second input's security groups ("
    )


def test_while_idle_the_second_input_is_restored_if_aws_refuses_the_main_one(world: WorldUnderTest) -> None:
    with_failover(world)
    both_edited_and_refused(world, channel().ml_input_id)
    world.settle()
    assert is_ours(world)
    assert (channel().state, channel().error_code) == ("idle", "input_not_restored")
    assert "refused to restore the MediaLive input: No " in channel().error_message
    assert told("channel", "input changed outside StreamHub") == 1


def test_while_idle_both_refusals_are_shown(world: WorldUnderTest) -> None:
    with_failover(world)
    main, second = channel().ml_input_id, channel().ml_second_id
    both_edited_and_refused(world, main, second)
    world.settle()
    shown = f"restore the MediaLive input: No {main}; the second MediaLive input: No {second}"
    assert shown in channel().error_message


def test_on_air_it_is_an_error_and_restored_after_the_show(world: WorldUnderTest) -> None:
    with_show_on_two(world)
    console.off_the_air(world)
    move(world)
    console.on_the_air(world)
    world.watch()
    world.settle(until=lambda: medialive_state(world) == "RUNNING" and channel().state == "running")
    world.settle()
    row = channel()
    assert (row.error_code, row.error_needs_person) == ("input_changed", True)
    assert "second input's security groups" in row.error_message
    assert breakout().shown_error.error_code == "input_changed"
    stop(world)
    world.settle()
    assert is_ours(world)
    assert (channel().state, channel().error_code) == ("idle", "")


def test_a_start_looks_at_the_second_input_first(world: WorldUnderTest) -> None:
    with_failover(world)
    move(world)
    world.control.clear_calls()
    services.breakout_start(services.breakout_create(channel(), "talk", who=WHO), who=WHO)
    world.settle(until=lambda: state_is("running"))
    assert is_ours(world)
    calls = [entry["name"] for entry in world.control.calls()]
    assert calls.index("medialive:UpdateInput") < calls.index("medialive:StartChannel")


def test_a_tag_that_somebody_took_off_is_put_back(world: WorldUnderTest) -> None:
    with_failover(world)
    services.channel_tags_change(channel(), {"team": "night"}, who=WHO)
    world.settle()
    world.control.clear_calls()
    tags = console.described(world, second=True)["Tags"]
    left = {key: value for key, value in tags.items() if key != "team"}
    world.control.console("medialive", "set_input_tags", id=channel().ml_second_id, tags=left)
    world.observe()
    world.settle()
    assert console.described(world, second=True)["Tags"] == tags
    assert world.counts()["medialive:CreateTags"] == 1
    assert told("channel", "second input's tags (team)") == 1


def test_the_drift_report_names_what_was_edited(world: WorldUnderTest) -> None:
    with_failover(world)
    move(world)
    [finding] = report().findings
    assert finding.aws_id == Channel.objects.get().ml_second_id
    assert "security groups" in finding.detail
