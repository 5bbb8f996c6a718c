"""Somebody edits the input in MediaLive's console: what a show needs is restored, or told while it runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from channels_app import services
from channels_app.models import Channel, SecurityGroup
from emulator.medialive.inputs import Inputs
from streamhub.alerts.rules import Severity, sources
from streamhub.lifecycle.models import Transition
from tests.scenarios import console_inputs as console
from tests.scenarios.handing_over import give_back, hand_over, lists_grow_old
from tests.scenarios.stage import (
    WHO,
    breakout,
    channel,
    medialive_state,
    start,
    state_is,
    stop,
    with_breakout,
    with_show,
)
from tests.scenarios.world import WorldUnderTest

EDITS = {
    "security groups": console.move_to_another_group,
    "stream names": console.rename_streams,
    "name": console.rename,
    "attachment to the channel": console.attach_another,
}
NEEDED = [name for name in EDITS if name != "name"]


def told(kind: str, what: str) -> int:
    return Transition.objects.filter(resource_type=kind, why__contains=what).count()


def is_ours(world: WorldUnderTest) -> bool:
    row, now = channel(), console.described(world)
    names = [url.rpartition("1935/")[2] for url in (place["Url"] for place in now["Destinations"])]
    return (
        now["Name"] == row.aws_name()
        and now["SecurityGroups"] == [SecurityGroup.objects.get().aws_id]
        and names == [f"{row.uid}/a", f"{row.uid}/b"]
        and console.attached(world) == [row.ml_input_id]
    )


def alarms() -> list[Any]:
    return [each for source in sources() for each in source.current() if each.rule == "channel_error"]


@pytest.fixture
def idle(world: WorldUnderTest) -> WorldUnderTest:
    """An idle channel with a breakout that is about to start."""
    with_breakout(world)
    world.control.clear_calls()
    return world


@pytest.fixture
def show(world: WorldUnderTest) -> WorldUnderTest:
    with_show(world)
    world.control.clear_calls()
    return world


# --- while the channel is idle ---------------------------------------------------------------


@pytest.mark.parametrize("what", EDITS)
def test_what_was_edited_is_restored_before_the_start(idle: WorldUnderTest, what: str) -> None:
    """Nothing has looked at the input since: the start looks first."""
    EDITS[what](idle)
    start(idle)
    idle.settle(until=lambda: state_is("running"))
    assert is_ours(idle)
    described, _ = idle.session.call("medialive", "DescribeChannel", ChannelId=channel().ml_channel_id)
    assert described["RoleArn"] == settings.MEDIALIVE_ROLE_ARN
    calls = [entry["name"] for entry in idle.control.calls()]
    restoring = "medialive:UpdateChannel" if what.startswith("attachment") else "medialive:UpdateInput"
    assert calls.count(restoring) == 1
    assert calls.index(restoring) < calls.index("medialive:StartChannel")
    for kind in ("channel", "breakout"):
        assert told(kind, f"input changed outside StreamHub: {what}") == 1
        assert told(kind, "attached again" if what.startswith("attachment") else "settings restored") == 1
    idle.settle()
    assert (channel().error_code, channel().input_told) == ("", "")
    assert idle.illegal() == []


def test_a_channel_that_nobody_starts_is_restored_too(idle: WorldUnderTest) -> None:
    console.move_to_another_group(idle)
    idle.observe()
    idle.settle()
    assert is_ours(idle)
    assert (channel().state, channel().error_code) == ("idle", "")
    assert idle.counts()["medialive:UpdateInput"] == 1


def test_the_sources_and_their_credentials_are_restored(world: WorldUnderTest) -> None:
    secret = {"username": "anna", "password": "/streamhub/stage"}
    urls = ["https://media.example.com/live.m3u8"]
    row = services.channel_create(
        "pull", who=WHO, input_type="URL_PULL", source_urls=urls, input_credentials=secret
    )
    world.settle()
    before = console.described(world)["Sources"]
    console.edit(world, Sources=[{"Url": "https://eve.example.net/live.m3u8?token=hush"}])
    services.breakout_start(services.breakout_create(row, "keynote", who=WHO), who=WHO)
    world.settle(until=lambda: state_is("running"))
    assert console.described(world)["Sources"] == before
    line = Transition.objects.get(resource_type="breakout", why__contains="changed outside")
    assert line.why.endswith("sources (eve.example.net)")
    assert not Transition.objects.filter(why__contains="hush").exists()


def test_srt_is_not_taken_for_changed(world: WorldUnderTest) -> None:
    urls = ["srt://a.example:9000?streamid=hall%2F1&latency=500"]
    services.channel_create("srt", who=WHO, input_type="SRT_CALLER", source_urls=urls)
    world.settle()
    world.observe()
    world.settle()
    assert channel().state == "idle"
    assert world.counts().get("medialive:UpdateInput", 0) == 0
    listener = {"SrtListenerAddress": "eve.example.net", "SrtListenerPort": "9000"}
    console.edit(world, SrtSettings={"SrtCallerSources": [listener]})
    world.observe()
    world.settle()
    [caller] = console.described(world)["SrtSettings"]["SrtCallerSources"]
    assert (caller["SrtListenerAddress"], caller["StreamId"]) == ("a.example", "hall/1")
    assert told("channel", "sources (eve.example.net)") == 1


def refuse(world: WorldUnderTest) -> None:
    error = {"code": "BadRequestException", "message": "No such thing", "status": 400}
    world.control.fault("medialive:UpdateInput", "refuse", error=error)


def test_a_refusal_while_idle_is_shown_and_the_channel_stays_usable(idle: WorldUnderTest) -> None:
    console.move_to_another_group(idle)
    refuse(idle)
    idle.observe()
    idle.settle()
    row = channel()
    assert (row.state, row.error_code, row.error_needs_person) == ("idle", "input_not_restored", True)
    assert "No such thing" in row.error_message
    [alarm] = alarms()
    assert alarm.hint == row.error_hint
    idle.control.clear_faults()
    start(idle)
    idle.settle(until=lambda: state_is("running"))
    assert is_ours(idle)
    idle.settle()
    assert channel().error_code == ""


def test_a_show_starts_also_on_an_input_that_aws_does_not_restore(idle: WorldUnderTest) -> None:
    console.move_to_another_group(idle)
    refuse(idle)
    start(idle)
    idle.settle(until=lambda: state_is("running"))
    assert idle.counts()["medialive:UpdateInput"] == 1
    row = channel()
    assert (row.state, row.error_code, row.error_needs_person) == ("running", "input_changed", True)
    assert breakout().shown_error.error_code == "input_changed"
    said = Transition.objects.filter(why__contains="starts with it as it is: ")
    assert {line.resource_type for line in said} == {"channel", "breakout"}


def test_what_medialive_writes_in_its_own_way_holds_up_no_start(
    idle: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.move_to_another_group(idle)
    monkeypatch.setattr(Inputs, "_edit", lambda self, record, params: None)
    start(idle)
    idle.settle(until=lambda: state_is("running"))
    idle.settle()
    assert idle.counts()["medialive:UpdateInput"] == 1
    assert told("breakout", "does not show what it accepted: security groups") == 1
    assert channel().error_code == "input_changed"


# --- on air ----------------------------------------------------------------------------------


def behind_our_back(world: WorldUnderTest, what: str) -> None:
    console.off_the_air(world)
    EDITS[what](world)
    world.control.advance(console.LONGEST_STOP)
    console.on_the_air(world)


@pytest.mark.parametrize("what", NEEDED)
def test_on_air_it_is_an_error_with_what_to_do_and_restored_after_the_show(
    show: WorldUnderTest, what: str
) -> None:
    behind_our_back(show, what)
    show.watch()
    show.settle(until=lambda: medialive_state(show) == "RUNNING" and channel().state == "running")
    show.settle()
    row = channel()
    assert (row.error_code, row.error_needs_person) == ("input_changed", True)
    assert what in row.error_message
    assert "Stop the show and start it again" in row.error_hint
    assert breakout().shown_error.error_code == "input_changed"
    [alarm] = alarms()
    assert (alarm.severity, alarm.hint) == (Severity.CRITICAL, row.error_hint)
    for kind in ("channel", "breakout"):
        assert told(kind, f"input changed outside StreamHub: {what}") == 1
    assert not any(show.counts().get(f"medialive:Update{name}", 0) for name in ("Input", "Channel"))
    stop(show)
    show.settle()
    assert is_ours(show)
    assert (channel().state, channel().error_code, channel().input_told) == ("idle", "", "")
    assert breakout().state == "completed"
    assert show.illegal() == []


def test_it_is_said_once_however_often_it_is_seen(show: WorldUnderTest) -> None:
    behind_our_back(show, "security groups")
    for _ in range(4):
        show.watch()
        show.observe()
        show.settle()
    assert told("channel", "input changed outside") == told("breakout", "input changed outside") == 1
    since = channel().error_at
    show.observe()
    show.settle()
    assert channel().error_at == since


def test_another_name_is_told_but_is_no_error(show: WorldUnderTest) -> None:
    behind_our_back(show, "name")
    show.watch()
    show.settle(until=lambda: medialive_state(show) == "RUNNING" and channel().state == "running")
    show.settle()
    assert channel().error_code == ""
    assert told("breakout", "input changed outside StreamHub: name (studio)") == 1
    stop(show)
    show.settle()
    assert is_ours(show)


def test_a_changed_stream_name_is_told_and_not_shown(show: WorldUnderTest) -> None:
    """Who knows it can push into the show, and viewers of the admin may not."""
    behind_our_back(show, "stream names")
    show.watch()
    show.settle(until=lambda: medialive_state(show) == "RUNNING" and channel().state == "running")
    show.settle()
    told_of = "stream names (not shown: whoever knows them can push)"
    assert told("channel", told_of) == told("breakout", told_of) == 1
    row = channel()
    assert told_of in row.error_message
    shown = [row.error_message, row.input_told, *Transition.objects.values_list("why", flat=True)]
    assert not [text for text in shown if "studio/" in text]


def test_once_a_person_has_put_it_right_the_error_is_over(show: WorldUnderTest) -> None:
    behind_our_back(show, "security groups")
    show.watch()
    show.settle()
    assert channel().error_code == "input_changed"
    console.off_the_air(show)
    console.edit(show, InputSecurityGroups=[SecurityGroup.objects.get().aws_id])
    console.on_the_air(show)
    show.watch()
    show.settle(until=lambda: medialive_state(show) == "RUNNING" and channel().state == "running")
    show.settle()
    assert (channel().error_code, channel().input_told) == ("", "")
    assert told("breakout", "input: as it should be again") == 1


# --- tags and ownership ----------------------------------------------------------------------


@pytest.mark.parametrize("prepared", ["idle", "show"])
def test_a_tag_that_somebody_changed_is_put_back_at_once(
    prepared: str, request: pytest.FixtureRequest
) -> None:
    world: WorldUnderTest = request.getfixturevalue(prepared)
    console.retag(world, team="weather", theirs="1")
    world.observe()
    world.settle()
    tags = console.described(world)["Tags"]
    assert (tags["team"], tags["theirs"]) == ("events", "1")
    assert world.counts()["medialive:CreateTags"] == 1
    for what in ("input changed outside StreamHub: tags (team)", "input: tags restored"):
        assert told("channel", what) == 1
        assert told("breakout", what) == (1 if prepared == "show" else 0)
    assert channel().error_code == ""


def test_an_input_given_to_others_is_not_restored(idle: WorldUnderTest) -> None:
    console.move_to_another_group(idle)
    taken = hand_over(idle, "ml_input")
    idle.observe()
    idle.settle()
    start(idle)
    idle.settle()
    assert channel().error_code == "handed_over"
    assert not any(
        idle.counts().get(f"medialive:{name}", 0) for name in ("UpdateInput", "StartChannel", "CreateTags")
    )
    give_back(idle, taken)
    services.channel_retry(channel(), who=WHO)
    idle.settle(until=lambda: state_is("running"))
    assert is_ours(idle)


def test_an_input_given_to_others_just_before_is_read_before_it_is_changed(idle: WorldUnderTest) -> None:
    """A list showed the edit; then the mark went. The input is read again before it is written."""
    console.move_to_another_group(idle)
    idle.observe()
    hand_over(idle, "ml_input")
    lists_grow_old()
    idle.settle()
    assert idle.counts().get("medialive:UpdateInput", 0) == 0
    assert Channel.objects.get().error_code == "handed_over"
