"""An edit in MediaLive's console that fails is told, never answered by a deletion; Retry mends it."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from channels_app.admin.alarms import _all as alarms
from channels_app.models import Channel
from streamhub.lifecycle.models import Transition
from tests.scenarios.stage import (
    STACK,
    WHO,
    breakout,
    channel,
    medialive_state,
    nothing,
    ready,
    start,
    state_is,
    stop,
)
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db


def edit(world: WorldUnderTest, *, fails: bool = True) -> None:
    """Somebody edits the MediaLive channel in the console."""
    if fails:
        world.control.console("medialive", "fail_update")
    changes = {"LogLevel": "DEBUG"}
    world.control.console("medialive", "update_channel", id=channel().ml_channel_id, changes=changes)


def log_level(world: WorldUnderTest) -> Any:
    described, _ = world.session.call("medialive", "DescribeChannel", ChannelId=channel().ml_channel_id)
    return described["LogLevel"]


@pytest.fixture
def edited(world: WorldUnderTest, stage: Channel) -> WorldUnderTest:
    edit(world)
    world.settle()
    return world


def test_it_is_told_and_nothing_is_deleted(edited: WorldUnderTest) -> None:
    row = channel()
    assert (row.state, row.error_code, row.error_needs_person) == ("idle", "edit_failed", True)
    assert "UPDATE_FAILED" in row.error_message
    assert "Press Retry" in row.error_hint
    assert edited.left() == STACK
    assert edited.counts().get("medialive:DeleteChannel", 0) == 0
    assert Transition.objects.filter(why__contains="edited outside StreamHub").count() == 1


def test_retry_sends_our_settings_again(edited: WorldUnderTest) -> None:
    services.channel_retry(channel(), who=WHO)
    edited.settle(until=lambda: ready() and channel().error_code == "")
    assert medialive_state(edited) == "IDLE"
    assert log_level(edited) == "WARNING"
    assert edited.counts()["medialive:UpdateChannel"] == 1
    assert not channel().update_wanted
    assert edited.illegal() == []


def test_an_edit_that_works_later_ends_the_error_without_a_call_of_ours(edited: WorldUnderTest) -> None:
    edit(edited, fails=False)
    edited.settle(until=lambda: channel().error_code == "")
    assert log_level(edited) == "DEBUG"
    assert edited.counts().get("medialive:UpdateChannel", 0) == 0


def test_a_breakout_that_starts_waits_with_an_alarm_and_goes_on_air_after_retry(
    world: WorldUnderTest, stage: Channel
) -> None:
    services.breakout_create(stage, "keynote", who=WHO)
    edit(world)
    start(world)
    world.settle()
    assert breakout().state == "starting"
    (alarm,) = [alarm for alarm in alarms() if alarm.rule == "channel_error"]
    assert (alarm.severity, alarm.action) == ("critical", "Retry")
    assert "keynote" in alarm.sentence
    services.channel_retry(channel(), who=WHO)
    world.settle(until=lambda: state_is("running"))
    assert world.left() == STACK


def test_a_breakout_can_be_stopped_all_the_same(world: WorldUnderTest, stage: Channel) -> None:
    services.breakout_create(stage, "keynote", who=WHO)
    edit(world)
    start(world)
    world.settle()
    stop(world)
    world.settle()
    assert breakout().state in ("completed", "cancelled")
    assert channel().error_code == "edit_failed"


def test_settings_that_medialive_refuses_again_are_shown_with_its_reasons(edited: WorldUnderTest) -> None:
    reasons = [("encoderSettings", "Too much")]
    edited.control.fault("medialive:UpdateChannel", "refuse", error={"message": "Bad", "reasons": reasons})
    services.channel_retry(channel(), who=WHO)
    edited.settle(until=lambda: channel().state == "failed")
    assert channel().error_validation == [{"path": "encoderSettings", "message": "Too much"}]
    services.channel_retry(channel(), who=WHO)
    edited.settle(until=lambda: ready() and channel().error_code == "")
    assert edited.left() == STACK


def test_a_channel_whose_edit_failed_can_be_deleted(edited: WorldUnderTest) -> None:
    services.channel_delete(channel(), who=WHO)
    for _ in range(30):
        edited.settle()
        edited.reap()
        if nothing():
            break
    assert edited.left() == {}


# --- our own edit -----------------------------------------------------------------------------------


def own_edit(world: WorldUnderTest) -> None:
    """Staff edit the profile; MediaLive accepts it, and cannot apply it."""
    world.control.console("medialive", "fail_update")
    services.channel_edit(channel(), encoding_profile="480p", who=WHO)


def test_our_own_edit_that_medialive_could_not_apply_is_not_said_to_be_somebody_elses(
    world: WorldUnderTest, stage: Channel
) -> None:
    own_edit(world)
    world.settle()
    row = channel()
    assert (row.state, row.error_code, row.error_needs_person) == ("idle", "own_edit_failed", True)
    assert "accepted the new profile or recording from StreamHub" in row.error_message
    assert "UPDATE_FAILED" in row.error_message
    assert row.error_request_id == row.update_request_id != ""
    assert row.error_operation == "medialive:UpdateChannel"
    assert "Press Retry" in row.error_hint
    assert not Transition.objects.filter(why__contains="outside").exists()
    assert Transition.objects.filter(why__contains="edited by StreamHub").count() == 1
    assert (world.left(), world.counts()["medialive:UpdateChannel"]) == (STACK, 1)


def test_retry_sends_it_again_and_another_edit_mends_it_too(world: WorldUnderTest, stage: Channel) -> None:
    own_edit(world)
    world.settle()
    services.channel_retry(channel(), who=WHO)
    world.settle(until=lambda: ready() and channel().error_code == "")
    own_edit(world)
    services.channel_edit(channel(), encoding_profile="720p", who=WHO)
    world.settle(until=lambda: channel().error_code == "own_edit_failed")
    services.channel_edit(channel(), encoding_profile="1080p", who=WHO)
    world.settle(until=lambda: ready() and channel().error_code == "")
    world.settle()
    assert (channel().edits_pending, channel().update_sent) == ([], "")
    assert world.illegal() == []


def test_the_next_edit_that_fails_is_somebody_elses_once_ours_was_applied(
    world: WorldUnderTest, stage: Channel
) -> None:
    services.channel_edit(channel(), encoding_profile="480p", who=WHO)
    world.settle()
    edit(world)
    world.settle()
    assert channel().error_code == "edit_failed"


def test_it_is_ours_also_if_the_worker_died_with_the_answer(world: WorldUnderTest, stage: Channel) -> None:
    world.control.fault("medialive:UpdateChannel", "cut_after", times=1)
    own_edit(world)
    # Nothing is pending any more, so that only what was noted before the call can say whose it was.
    world.step_all()
    Channel.objects.update(edits_pending=[])
    world.settle(until=lambda: channel().error_code != "" and channel().ml_channel_state == "UPDATE_FAILED")
    world.settle()
    assert channel().error_code == "own_edit_failed"


@pytest.mark.parametrize("error", ["access_denied", "conflict"])
def test_an_edit_that_aws_did_not_take_is_not_noted(
    world: WorldUnderTest, stage: Channel, error: str
) -> None:
    world.control.fault("medialive:UpdateChannel", error, times=1)
    services.channel_edit(channel(), encoding_profile="480p", who=WHO)
    world.step_all()
    assert (channel().update_sent, channel().update_sent_at) == ("", None)
