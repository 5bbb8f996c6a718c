"""Editing a channel: the row at once, AWS as soon as it takes it, and its URLs stay."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from channels_app.models import Channel, SecurityGroup
from streamhub.errors import Invalid, NotPossible, Refused
from streamhub.lifecycle.models import Transition
from tests.scenarios import console_inputs as console
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import WHO, breakout, channel, start, state_is, stop, with_breakout, with_show
from tests.scenarios.world import WorldUnderTest

OTHER = ["198.51.100.0/24"]


def edit(**given: Any) -> Channel:
    return services.channel_edit(channel(), who=WHO, **given)


def rules_of_input(world: WorldUnderTest) -> list[str]:
    """The CIDRs of the security groups that the input has on AWS."""
    answers = [
        world.session.call("medialive", "DescribeInputSecurityGroup", InputSecurityGroupId=id)[0]
        for id in console.described(world)["SecurityGroups"]
    ]
    return [rule["Cidr"] for answer in answers for rule in answer["WhitelistRules"]]


def encoder(world: WorldUnderTest) -> dict[str, Any]:
    return world.session.call("medialive", "DescribeChannel", ChannelId=channel().ml_channel_id)[0]


def outputs(world: WorldUnderTest) -> int:
    return len(encoder(world)["EncoderSettings"]["VideoDescriptions"])


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


def test_other_cidrs_are_another_group_on_the_same_input(idle: WorldUnderTest) -> None:
    before = channel()
    row = edit(allowed_cidrs=OTHER)
    assert (row.allowed_cidrs, services.pending_changes(row)) == (OTHER, ["allowed_cidrs"])
    idle.settle()
    row = channel()
    assert services.pending_changes(row) == []
    assert rules_of_input(idle) == OTHER
    assert (row.ml_input_id, row.input_urls) == (before.ml_input_id, before.input_urls)
    assert idle.counts()["medialive:UpdateInput"] == 1
    assert "medialive:UpdateInputSecurityGroup" not in idle.counts()
    assert [group.cidr_list for group in SecurityGroup.objects.all()] == [OTHER]
    assert len(idle.control.inventory()["medialive"]["input_security_groups"]) == 1
    assert idle.illegal() == []


def test_nobody_is_blamed_for_our_own_edit(show: WorldUnderTest) -> None:
    """On air the input keeps the earlier group: that is no edit from outside."""
    edit(allowed_cidrs=OTHER)
    show.settle()
    show.observe()
    show.settle()
    assert not Transition.objects.filter(why__contains="outside StreamHub").exists()
    assert channel().error is None


def test_a_group_that_others_share_stays_as_it_is(idle: WorldUnderTest) -> None:
    shared = channel().security_group
    other = services.channel_create("second", who=WHO, allowed_cidrs=channel().allowed_cidrs)
    idle.settle()
    services.channel_edit(Channel.objects.exclude(pk=other.pk).get(), who=WHO, allowed_cidrs=OTHER)
    idle.settle()
    other.refresh_from_db()
    assert other.security_group == shared
    assert SecurityGroup.objects.count() == 2
    assert "medialive:UpdateInputSecurityGroup" not in idle.counts()


def test_a_start_waits_for_the_new_group(idle: WorldUnderTest) -> None:
    """On air the input takes no edit, and the encoder at its new address would be shut out."""
    edit(allowed_cidrs=OTHER)
    start(idle)
    idle.settle(until=lambda: state_is("running"))
    assert rules_of_input(idle) == OTHER
    calls = [entry["name"] for entry in idle.control.calls()]
    assert calls.index("medialive:UpdateInput") < calls.index("medialive:StartChannel")


def test_a_start_does_not_wait_for_a_group_that_cannot_be_created(idle: WorldUnderTest) -> None:
    edit(allowed_cidrs=OTHER)
    SecurityGroup.objects.filter(cidrs=",".join(OTHER)).update(state="failed", error_code="refused")
    start(idle)
    idle.settle(until=lambda: state_is("running"))
    assert services.pending_changes(channel()) == ["allowed_cidrs"]


def test_cidrs_of_a_channel_on_air_follow_when_the_show_is_over(show: WorldUnderTest) -> None:
    edit(allowed_cidrs=OTHER)
    show.settle()
    assert services.pending_changes(channel()) == ["allowed_cidrs"]
    assert "medialive:UpdateInput" not in show.counts()
    stop(show)
    show.settle(until=lambda: services.pending_changes(channel()) == [])
    assert rules_of_input(show) == OTHER
    show.settle()
    assert SecurityGroup.objects.count() == 1


def test_the_way_back_leaves_everything_as_it_was(show: WorldUnderTest) -> None:
    before = channel()
    edit(allowed_cidrs=OTHER)
    edit(allowed_cidrs=before.allowed_cidrs)
    stop(show)
    show.settle()
    row = channel()
    assert (row.security_group_id, row.leaving_group) == (before.security_group_id, None)
    assert rules_of_input(show) == before.allowed_cidrs
    assert [group.pk for group in SecurityGroup.objects.all()] == [before.security_group_id]


def test_profile_and_recording_reach_an_idle_channel(idle: WorldUnderTest) -> None:
    before = channel()
    row = edit(encoding_profile="480p", record=True)
    assert services.pending_changes(row) == ["encoding_profile", "record"]
    idle.settle(until=lambda: services.pending_changes(channel()) == [])
    idle.settle()
    assert outputs(idle) == 2
    assert any(place["Id"] == "archive" for place in encoder(idle)["Destinations"])
    assert (channel().state, channel().ml_channel_id) == ("idle", before.ml_channel_id)
    assert idle.counts()["medialive:UpdateChannel"] == 1
    assert idle.illegal() == []


def test_a_show_starts_with_the_new_profile(idle: WorldUnderTest) -> None:
    edit(encoding_profile="480p")
    start(idle)
    idle.settle(until=lambda: state_is("running"))
    assert outputs(idle) == 2


def test_profile_and_recording_stay_while_the_channel_runs(show: WorldUnderTest) -> None:
    with pytest.raises(NotPossible, match="only while its channel is idle"):
        edit(encoding_profile="480p")
    with pytest.raises(NotPossible, match=r"The breakout .* is on air"):
        edit(record=not channel().record)
    assert edit(encoding_profile=channel().encoding_profile).edits_pending == []


def test_an_edit_during_the_call_reaches_aws_too(
    idle: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, again = idle.session.call, iter([True])

    def edited_meanwhile(service: str, operation: str, **params: Any) -> Any:
        answer = call(service, operation, **params)
        if operation == "UpdateChannel" and next(again, False):
            edit(encoding_profile="720p")
        return answer

    monkeypatch.setattr(idle.session, "call", edited_meanwhile)
    edit(encoding_profile="480p")
    idle.settle(until=lambda: services.pending_changes(channel()) == [])
    assert outputs(idle) == 3


@pytest.mark.parametrize(
    ("operation", "given"),
    [("UpdateInput", {"allowed_cidrs": OTHER}), ("UpdateChannel", {"encoding_profile": "480p"})],
    ids=["input", "encoder"],
)
def test_a_refused_edit_is_shown_and_holds_up_no_show(
    idle: WorldUnderTest, monkeypatch: pytest.MonkeyPatch, operation: str, given: dict[str, Any]
) -> None:
    call = idle.session.call

    def refused(service: str, name: str, **params: Any) -> Any:
        if name == operation:
            raise Refused("No.", code="BadRequestException", operation=f"{service}:{name}")
        return call(service, name, **params)

    with monkeypatch.context() as patch:
        patch.setattr(idle.session, "call", refused)
        edit(**given)
        idle.settle()
        row = channel()
        assert (row.state, row.error_code, row.error_needs_person) == ("idle", "edit_refused", True)
        assert services.pending_changes(row) == list(given)
        start(idle)
        idle.settle(until=lambda: state_is("running"))
    stop(idle)
    idle.settle()
    services.channel_retry(channel(), who=WHO)
    idle.settle()
    row = channel()
    assert (services.pending_changes(row), row.error_code) == ([], "")


def test_a_name_changes_here_and_not_on_aws(idle: WorldUnderTest) -> None:
    before = encoder(idle)["Name"]
    row = edit(name="Große Bühne")
    idle.settle()
    row.refresh_from_db()
    assert (row.name, row.name_key, row.edits_pending) == ("Große Bühne", "grosse bühne", [])
    assert breakout().channel_name == "Große Bühne"
    assert encoder(idle)["Name"] == before
    assert idle.counts().keys().isdisjoint({"medialive:UpdateChannel", "medialive:UpdateInput"})


def test_a_channel_that_is_being_made_gets_what_was_edited(world: WorldUnderTest) -> None:
    services.channel_create("stage", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    edit(allowed_cidrs=OTHER, encoding_profile="480p")
    world.settle()
    assert rules_of_input(world) == OTHER
    assert outputs(world) == 2
    assert channel().edits_pending == []
    assert SecurityGroup.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "SECOND"}, "name"),
        ({"allowed_cidrs": ["0.0.0.0/0"]}, "allowed_cidrs"),
        ({"allowed_cidrs": []}, "allowed_cidrs"),
        ({"encoding_profile": "8k"}, "encoding_profile"),
    ],
    ids=["no name", "a name that is taken", "the world", "no CIDRs", "no such profile"],
)
def test_bad_values_are_refused_by_name(db: None, given: dict[str, Any], field: str) -> None:
    rows.channel(name="second")
    with pytest.raises(Invalid) as refused:
        services.channel_edit(rows.channel(name="first"), who=TESTER, **given)
    assert list(refused.value.errors) == [field]


def test_a_pull_channel_has_no_cidrs_to_edit(db: None) -> None:
    row = rows.channel(
        input_type="URL_PULL", source_urls=["https://a.example.com/live.m3u8"], allowed_cidrs=[]
    )
    with pytest.raises(Invalid) as refused:
        services.channel_edit(row, who=TESTER, allowed_cidrs=OTHER)
    assert list(refused.value.errors) == ["allowed_cidrs"]


def test_a_channel_that_is_being_deleted_cannot_be_edited(db: None) -> None:
    with pytest.raises(NotPossible):
        services.channel_edit(rows.channel("deleting"), who=TESTER, name="other")
