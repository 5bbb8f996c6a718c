"""Somebody deletes the second input in MediaLive's console: shows go on without it, and it is said."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from channels_app import services
from channels_app.admin.facts import channel_sections
from channels_app.ingest import ingest_of
from channels_app.models import Breakout, Channel
from channels_app.readiness import readiness
from drift.report import report
from emulator.medialive.channels import Channels
from streamhub.alerts.rules import Severity, sources
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Transition
from tests.scenarios import console_inputs as console
from tests.scenarios.handing_over import lists_grow_old
from tests.scenarios.prepared import begin_with
from tests.scenarios.stage import WHO, breakout, channel, medialive_state, stands, stop
from tests.scenarios.two_inputs import with_failover, with_show_on_two
from tests.scenarios.world import WorldUnderTest

DELETED = "second_input_deleted"
WAITS = "second_input_waits"
REFUSED = "second_input_refused"
UNATTACHED = "second_input_unattached"


def told(kind: str, what: str) -> int:
    return Transition.objects.filter(resource_type=kind, why__contains=what).count()


def inputs() -> list[str]:
    """The inputs whose addresses encoders are told."""
    return sorted({each.input for each in ingest_of(channel())})


def test_a_show_goes_on_with_one_input_and_says_so(world: WorldUnderTest) -> None:
    with_show_on_two(world)
    since, lost = breakout().state_since, channel().ml_second_id
    console.off_the_air(world)
    console.delete_second(world)
    console.on_the_air(world)
    world.watch()
    world.settle(until=lambda: channel().error_code == DELETED)
    world.settle()
    row = channel()
    assert (row.state, row.error_code, row.error_needs_person) == ("running", DELETED, True)
    assert lost in row.error_message
    assert (breakout().state, breakout().state_since, medialive_state(world)) == ("running", since, "RUNNING")
    assert breakout().shown_error.error_code == DELETED
    [alarm] = [each for source in sources() for each in source.current() if each.rule == "channel_error"]
    assert (alarm.severity, alarm.action) == (Severity.CRITICAL, "Retry")
    for kind in ("channel", "breakout"):
        assert told(kind, "input changed outside StreamHub: second input (deleted)") == 1
    assert inputs() == ["main"]
    with pytest.raises(NotPossible, match="only its main input"):
        services.channel_switch_input(row, "second", who=WHO)

    services.channel_retry(row, who=WHO)
    world.settle()
    row = channel()
    assert (row.state, breakout().state, row.ml_second_id not in ("", lost)) == ("running", "running", True)
    assert console.attached(world) == [row.ml_input_id]
    assert (row.error_code, row.error_needs_person, inputs()) == (WAITS, False, ["main", "second"])
    assert report().findings == ()
    check = next(each for each in readiness(breakout()).checks if each.name == "input_attached")
    assert (check.ok, check.detail) == (True, row.error_message)
    stop(world)
    world.settle()
    assert console.attached(world) == [row.ml_input_id, row.ml_second_id]
    row = channel()
    assert (row.state, row.error_code, row.input_told, row.second_renewal) == ("idle", "", "", "")
    assert told("channel", "changed outside StreamHub") == 1
    assert told("channel", "MediaLive channel: its second input attached") == 1
    assert world.illegal() == []


def test_an_idle_channel_says_so_starts_without_it_and_retry_brings_another(world: WorldUnderTest) -> None:
    with_failover(world)
    console.delete_second(world)
    world.observe()
    world.settle()
    row = channel()
    assert (row.state, row.error_code, row.error_needs_person) == ("idle", DELETED, True)
    assert report().findings == ()
    talk = services.breakout_create(row, "talk", who=WHO)
    checks = {check.name: check.ok for check in readiness(talk).checks}
    assert (checks["input_attached"], checks["channel_error"]) == (True, False)
    services.channel_edit(row, allowed_cidrs=["198.51.100.0/24"], who=WHO)
    services.breakout_start(talk, who=WHO)
    shown: set[str] = set()
    world.settle(until=lambda: bool(shown.add(channel().error_code)) or stands("running"))
    assert shown == {DELETED}
    world.settle()
    assert (channel().error_code, console.attached(world)) == (DELETED, [row.ml_input_id])
    stop(world)
    world.settle()
    assert (channel().state, channel().error_code) == ("idle", DELETED)
    assert told("channel", "second input (deleted)") == 1

    services.channel_retry(channel(), who=WHO)
    world.settle()
    row = channel()
    assert console.attached(world) == [row.ml_input_id, row.ml_second_id]
    assert (row.state, row.error_code, inputs()) == ("idle", "", ["main", "second"])
    assert world.illegal() == []


def test_a_start_before_anybody_has_noticed_goes_on_air(world: WorldUnderTest) -> None:
    with_failover(world)
    console.delete_second(world)
    lists_grow_old()
    services.breakout_start(services.breakout_create(channel(), "talk", who=WHO), who=WHO)
    world.settle(until=lambda: stands("running"))
    world.settle()
    assert (channel().state, channel().error_code) == ("running", DELETED)
    assert world.counts()["medialive:StartChannel"] == 1
    assert world.illegal() == []


def test_other_cidrs_are_not_sent_to_a_second_input_that_was_deleted(world: WorldUnderTest) -> None:
    with_failover(world)
    console.delete_second(world)
    Channel.objects.update(ml_second_state="DELETED")  # as MediaLive describes it for a while
    services.channel_edit(channel(), allowed_cidrs=["198.51.100.0/24"], who=WHO)
    services.breakout_start(services.breakout_create(channel(), "talk", who=WHO), who=WHO)
    world.control.clear_calls()
    world.settle(until=lambda: stands("running"))
    assert world.counts()["medialive:UpdateInput"] == 1
    assert world.illegal() == []


def on_air_without_second(world: WorldUnderTest) -> None:
    """A show that goes on with the main input; what was deleted is told."""
    begin_with(world, _on_air_without_second)
    world.control.clear_calls()


def _on_air_without_second(world: WorldUnderTest) -> None:
    with_failover(world)
    console.delete_second(world)
    lists_grow_old()
    services.breakout_start(services.breakout_create(channel(), "talk", who=WHO), who=WHO)
    world.settle(until=lambda: stands("running"))
    world.settle()


def test_a_channel_that_still_names_a_deleted_second_input_is_no_drift(world: WorldUnderTest) -> None:
    with_show_on_two(world)
    both = console.attached(world)
    Channel.objects.update(ml_second_gone=True)
    row = channel()
    assert (row.second_input_lost, row.attached_inputs) == (True, both)
    assert [each for each in report().findings if each.kind == "ml_channel"] == []


def test_other_inputs_of_a_channel_whose_second_one_waits_are_drift(world: WorldUnderTest) -> None:
    on_air_without_second(world)
    services.channel_retry(channel(), who=WHO)
    world.settle()
    assert channel().second_waits
    console.off_the_air(world)
    other = console.attach_another(world)
    world.control.advance(console.LONGEST_UPDATE)
    console.on_the_air(world)
    world.control.advance(600)
    [found] = [each for each in report().findings if each.kind == "ml_channel"]
    assert f"inputs is {other}, not " in found.detail


def test_a_refused_second_input_is_shown_and_sent_again_by_retry_only(world: WorldUnderTest) -> None:
    on_air_without_second(world)
    error = {"code": "BadRequestException", "message": "No", "status": 400}
    world.control.fault("medialive:CreateInput", "refuse", error=error)
    services.channel_retry(channel(), who=WHO)
    for _ in range(2):
        world.settle()
    row = channel()
    assert (row.state, breakout().state, row.error_code) == ("running", "running", REFUSED)
    assert (row.error_needs_person, "another second input: No" in row.error_message) == (True, True)
    assert world.counts()["medialive:CreateInput"] == 1
    services.channel_retry(row, who=WHO)
    world.settle()
    assert (channel().error_code, channel().ml_second_id != "") == (WAITS, True)


def test_only_retry_of_the_channel_brings_another_second_input(world: WorldUnderTest) -> None:
    on_air_without_second(world)
    lost = channel().ml_second_id
    Channel.objects.update(state="failed", error_code="start_failed")
    Breakout.objects.update(state="failed")
    services.breakout_retry(breakout(), who=WHO)
    row = channel()
    assert (row.state, row.ml_second_id, row.second_renewal) == ("idle", lost, "")
    Channel.objects.update(state="failed")
    services.channel_retry(row, who=WHO)
    row = channel()
    assert (row.state, row.ml_second_id, row.second_renewal) == ("idle", "", "due")


@pytest.mark.django_db
@pytest.mark.parametrize("lost", [True, False])
def test_the_page_of_a_channel_says_that_its_second_input_was_deleted(lost: bool) -> None:
    row = Channel(pk=1, second_input_type="RTMP_PUSH", ml_second_id="1234567", ml_second_gone=lost)
    sections = channel_sections(row, AnonymousUser())
    option, part = (fact for each in sections for fact in each.facts if fact.label == "second input")
    deleted = "Deleted outside StreamHub. Press Retry to have another one."
    assert (option.hint == deleted, part.hint == deleted) == (lost, lost)
    assert (part.value, part.kind) == ((None, "text") if lost else ("1234567", "id"))


def test_a_new_second_input_that_medialive_does_not_show_is_attached_once_and_holds_up_no_show(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_failover(world)
    console.delete_second(world)
    world.observe()
    world.settle()
    whole, left_out = Channels.update_channel, {"InputAttachments"}

    def update(self: Any, params: dict[str, Any]) -> Any:
        return whole(self, {key: value for key, value in params.items() if key not in left_out})

    monkeypatch.setattr(Channels, "update_channel", update)
    world.control.clear_calls()
    services.channel_retry(channel(), who=WHO)
    for _ in range(12):
        world.step_all()
        world.observe()
    row = channel()
    assert world.counts()["medialive:UpdateChannel"] == 1
    assert (row.state, row.error_code, row.error_needs_person) == ("idle", UNATTACHED, True)
    assert told("channel", "does not read it") == 1
    talk = services.breakout_create(row, "talk", who=WHO)
    check = next(each for each in readiness(talk).checks if each.name == "input_attached")
    assert (check.ok, "the main one" in check.detail) == (True, True)
    services.breakout_start(talk, who=WHO)
    world.settle(until=lambda: stands("running"))
    world.settle()
    assert world.counts()["medialive:UpdateChannel"] == 1
    assert (breakout().state, channel().error_code) == ("running", UNATTACHED)
    stop(world)
    world.settle()
    assert world.counts()["medialive:UpdateChannel"] == 1
    left_out.clear()
    services.channel_retry(channel(), who=WHO)
    world.settle()
    row = channel()
    assert console.attached(world) == [row.ml_input_id, row.ml_second_id]
    assert (row.error_code, row.second_renewal) == ("", "")
    assert world.illegal() == []
