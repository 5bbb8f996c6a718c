"""Breakouts against the embedded AWS, in process: on air, failsafe, protection."""

from __future__ import annotations

import pytest

from channels_app import playback, services
from channels_app.models import Attachment, Breakout, Channel
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.errors import NotPossible
from tests.scenarios import stage
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

WHO = TESTER


@pytest.fixture
def channel(world: WorldUnderTest) -> Channel:
    """As the fixture `stage`, but the calls that made it are still counted."""
    stage.with_channel(world)
    return stage.channel()


@pytest.fixture
def breakout(channel: Channel) -> Breakout:
    return services.breakout_create(channel, "keynote", who=WHO)


def on_air(world: WorldUnderTest, breakout: Breakout) -> Breakout:
    services.breakout_start(breakout, who=WHO)
    world.settle()
    breakout.refresh_from_db()
    assert breakout.state == "running"
    return breakout


def test_a_breakout_runs_and_completes(world: WorldUnderTest, breakout: Breakout) -> None:
    on_air(world, breakout)
    assert breakout.session_started_at is not None
    services.breakout_stop(breakout, who=WHO)
    world.settle()
    breakout.refresh_from_db()
    assert breakout.state == "completed"
    assert breakout.session_ended_at is not None
    assert breakout.channel is not None
    assert breakout.channel.state == "idle"
    attachment = Attachment.objects.get()
    assert attachment.ended_at is not None
    assert attachment.aws_distribution_id == Distribution.objects.get().aws_distribution_id
    assert world.counts()["medialive:StartChannel"] == world.counts()["medialive:StopChannel"] == 1
    assert world.illegal() == []


def test_starting_costs_no_distribution_call_in_the_normal_case(
    world: WorldUnderTest, breakout: Breakout
) -> None:
    on_air(world, breakout)
    assert world.counts()["cloudfront:CreateDistributionWithTags"] == 1


def test_start_and_stop_are_idempotent(world: WorldUnderTest, breakout: Breakout) -> None:
    services.breakout_start(breakout, who=WHO)
    services.breakout_start(breakout, who=WHO)
    world.settle()
    services.breakout_stop(breakout, who=WHO)
    services.breakout_stop(breakout, who=WHO)
    world.settle()
    services.breakout_stop(breakout, who=WHO)
    assert world.counts()["medialive:StartChannel"] == 1


def test_a_completed_breakout_is_never_restarted(world: WorldUnderTest, breakout: Breakout) -> None:
    on_air(world, breakout)
    services.breakout_stop(breakout, who=WHO)
    world.settle()
    with pytest.raises(NotPossible, match="completed"):
        services.breakout_start(breakout, who=WHO)


def test_one_on_air_breakout_per_channel(world: WorldUnderTest, channel: Channel, breakout: Breakout) -> None:
    on_air(world, breakout)
    other = services.breakout_create(channel, "second", who=WHO)
    with pytest.raises(NotPossible, match="keynote"):
        services.breakout_start(other, who=WHO)


def test_cancel_while_starting_ends_as_cancelled(world: WorldUnderTest, breakout: Breakout) -> None:
    services.breakout_start(breakout, who=WHO)
    services.breakout_cancel(breakout, who=WHO)
    world.settle()
    breakout.refresh_from_db()
    assert breakout.state == "cancelled"
    assert breakout.channel is not None
    assert breakout.channel.ml_channel_state == "IDLE"


def test_cancel_of_a_running_breakout_is_refused(world: WorldUnderTest, breakout: Breakout) -> None:
    on_air(world, breakout)
    with pytest.raises(NotPossible):
        services.breakout_cancel(breakout, who=WHO)


def test_the_curtain_decides_about_playback_urls(world: WorldUnderTest, breakout: Breakout) -> None:
    on_air(world, breakout)
    assert playback.of_breakout(breakout) is None
    services.breakout_curtain(breakout, True, who=WHO)
    breakout.refresh_from_db()
    url = playback.of_breakout(breakout)
    assert url is not None
    assert url.startswith("https://")
    assert url.endswith("/index.m3u8")


def test_on_air_protects_channel_and_distribution(
    world: WorldUnderTest, channel: Channel, breakout: Breakout
) -> None:
    on_air(world, breakout)
    with pytest.raises(NotPossible, match="keynote"):
        services.channel_delete(channel, who=WHO)
    with pytest.raises(NotPossible, match="keynote"):
        distributions.distribution_detach(Distribution.objects.get(), who=WHO)


def test_a_stop_while_the_channel_starts_leaves_it_idle(world: WorldUnderTest, breakout: Breakout) -> None:
    services.breakout_start(breakout, who=WHO)
    world.step_all()
    services.breakout_stop(breakout, who=WHO)
    world.settle()
    breakout.refresh_from_db()
    assert breakout.state == "completed"
    assert Channel.objects.get().ml_channel_state == "IDLE"
    assert world.illegal() == []


def delete_in_console(world: WorldUnderTest) -> str:
    row = Distribution.objects.exclude(aws_distribution_id=None).get()
    world.control.console("cloudfront", "delete", Id=row.aws_distribution_id, force=True)
    assert row.aws_distribution_id is not None
    return row.aws_distribution_id


def test_failsafe_replaces_a_distribution_deleted_before_the_start(
    world: WorldUnderTest, breakout: Breakout
) -> None:
    lost = delete_in_console(world)
    on_air(world, breakout)
    world.settle()
    channel = Channel.objects.get()
    assert channel.distribution is not None
    assert channel.distribution.aws_distribution_id not in (None, lost)
    assert channel.distribution.state == "deployed"


def test_failsafe_replaces_a_distribution_deleted_during_the_show(
    world: WorldUnderTest, breakout: Breakout
) -> None:
    on_air(world, breakout)
    lost = delete_in_console(world)
    world.settle()
    first, second = Attachment.objects.order_by("id")
    assert (first.aws_distribution_id, first.ended_at is None) == (lost, False)
    assert second.ended_at is None
    assert second.aws_distribution_id not in ("", lost)


def test_disabled_in_the_console_is_enabled_again_and_said(world: WorldUnderTest, channel: Channel) -> None:
    row = Distribution.objects.get()
    world.control.console("cloudfront", "disable", Id=row.aws_distribution_id)
    world.observe()
    row.refresh_from_db()
    world.step_all()
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("deploying", "disabled_outside")
    world.settle()
    row.refresh_from_db()
    assert (row.state, row.enabled, row.error_code) == ("deployed", True, "")


def test_a_channel_stopped_in_the_console_is_started_again(world: WorldUnderTest, breakout: Breakout) -> None:
    on_air(world, breakout)
    world.control.console("medialive", "stop_channel", id=Channel.objects.get().ml_channel_id)
    world.settle()
    breakout.refresh_from_db()
    assert breakout.state == "running"
    assert Channel.objects.get().ml_channel_state == "RUNNING"


def test_a_start_that_never_runs_fails_with_its_reason_and_can_be_retried(
    world: WorldUnderTest, breakout: Breakout
) -> None:
    world.control.console("medialive", "fail_start", id=Channel.objects.get().ml_channel_id)
    services.breakout_start(breakout, who=WHO)
    world.settle()
    breakout.refresh_from_db()
    assert (breakout.state, breakout.error_code) == ("failed", "start_failed")
    services.breakout_retry(breakout, who=WHO)
    world.settle()
    breakout.refresh_from_db()
    assert (breakout.state, breakout.error_code) == ("running", "")


def test_deleting_a_channel_cancels_idle_breakouts_and_keeps_them(
    world: WorldUnderTest, channel: Channel, breakout: Breakout
) -> None:
    services.channel_delete(channel, who=WHO)
    world.settle()
    breakout.refresh_from_db()
    assert (breakout.state, breakout.channel, breakout.channel_name) == ("cancelled", None, "stage")


def test_stopping_a_failed_breakout_leaves_the_one_on_air_alone(
    world: WorldUnderTest, channel: Channel, breakout: Breakout
) -> None:
    Breakout.objects.filter(pk=breakout.pk).update(state="failed")
    other = on_air(world, services.breakout_create(channel, "second", who=WHO))
    assert services.breakout_stop(breakout, who=WHO).state == "completed"
    world.settle()
    other.refresh_from_db()
    assert other.state == "running"


def test_a_prepare_before_the_endpoint_is_there_does_not_cost_the_channel_its_distribution(
    world: WorldUnderTest,
) -> None:
    row = services.channel_create("stage", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    services.breakout_prepare(services.breakout_create(row, "keynote", who=WHO), who=WHO)
    world.settle()
    assert Channel.objects.get().distribution is not None
