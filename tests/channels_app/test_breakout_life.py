"""Breakouts against the embedded AWS, in process: on air, failsafe, protection while on air."""

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


@pytest.fixture
def channel(world: WorldUnderTest) -> Channel:
    """The fixture `stage`, but the calls that created it are still counted."""
    stage.with_channel(world)
    return stage.channel()


@pytest.fixture
def breakout(channel: Channel) -> Breakout:
    return services.breakout_create(channel, "keynote", who=TESTER)


def on_air(world: WorldUnderTest, breakout: Breakout) -> Breakout:
    services.breakout_start(breakout, who=TESTER)
    world.settle()
    breakout.refresh_from_db()
    assert breakout.state == "running"
    return breakout


def test_a_breakout_runs_and_completes(world: WorldUnderTest, breakout: Breakout) -> None:
    on_air(world, breakout)
    assert breakout.session_started_at is not None
    services.breakout_stop(breakout, who=TESTER)
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


def test_a_start_creates_no_distribution_if_there_is_one(world: WorldUnderTest, breakout: Breakout) -> None:
    on_air(world, breakout)
    assert world.counts()["cloudfront:CreateDistributionWithTags"] == 1


def test_start_and_stop_are_idempotent(world: WorldUnderTest, breakout: Breakout) -> None:
    services.breakout_start(breakout, who=TESTER)
    services.breakout_start(breakout, who=TESTER)
    world.settle()
    services.breakout_stop(breakout, who=TESTER)
    services.breakout_stop(breakout, who=TESTER)
    world.settle()
    services.breakout_stop(breakout, who=TESTER)
    assert world.counts()["medialive:StartChannel"] == 1


def test_a_completed_breakout_is_never_restarted(world: WorldUnderTest, breakout: Breakout) -> None:
    on_air(world, breakout)
    services.breakout_stop(breakout, who=TESTER)
    world.settle()
    with pytest.raises(NotPossible, match="completed"):
        services.breakout_start(breakout, who=TESTER)


def test_one_on_air_breakout_per_channel(world: WorldUnderTest, channel: Channel, breakout: Breakout) -> None:
    on_air(world, breakout)
    other = services.breakout_create(channel, "second", who=TESTER)
    with pytest.raises(NotPossible, match="keynote"):
        services.breakout_start(other, who=TESTER)


def test_cancel_while_starting_ends_as_cancelled(world: WorldUnderTest, breakout: Breakout) -> None:
    services.breakout_start(breakout, who=TESTER)
    services.breakout_cancel(breakout, who=TESTER)
    world.settle()
    breakout.refresh_from_db()
    assert breakout.state == "cancelled"
    assert breakout.channel is not None
    assert breakout.channel.ml_channel_state == "IDLE"


def test_cancel_of_a_running_breakout_is_refused(world: WorldUnderTest, breakout: Breakout) -> None:
    on_air(world, breakout)
    with pytest.raises(NotPossible):
        services.breakout_cancel(breakout, who=TESTER)


def test_the_playback_url_is_given_out_once_the_curtain_is_raised(
    world: WorldUnderTest, breakout: Breakout
) -> None:
    on_air(world, breakout)
    assert playback.of_breakout(breakout) is None
    services.breakout_curtain(breakout, True, who=TESTER)
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
        services.channel_delete(channel, who=TESTER)
    with pytest.raises(NotPossible, match="keynote"):
        distributions.distribution_detach(Distribution.objects.get(), who=TESTER)


def test_a_stop_while_the_channel_starts_leaves_it_idle(world: WorldUnderTest, breakout: Breakout) -> None:
    services.breakout_start(breakout, who=TESTER)
    world.step_all()
    services.breakout_stop(breakout, who=TESTER)
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


def test_failsafe_replaces_a_distribution_deleted_while_on_air(
    world: WorldUnderTest, breakout: Breakout
) -> None:
    on_air(world, breakout)
    lost = delete_in_console(world)
    world.settle()
    first, second = Attachment.objects.order_by("id")
    assert (first.aws_distribution_id, first.ended_at is None) == (lost, False)
    assert second.ended_at is None
    assert second.aws_distribution_id not in ("", lost)


def test_a_distribution_disabled_in_the_console_is_enabled_again_and_shows_it(
    world: WorldUnderTest, channel: Channel
) -> None:
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


def test_a_disabled_distribution_that_aws_does_not_let_us_enable_yet_is_not_called_deployed(
    world: WorldUnderTest, channel: Channel
) -> None:
    row = Distribution.objects.get()
    world.control.console("cloudfront", "disable", Id=row.aws_distribution_id)
    world.control.fault("cloudfront:UpdateDistribution", "throttle", times=None)
    world.observe()
    world.step_all()
    row.refresh_from_db()
    assert (row.state, row.enabled) == ("deploying", False)
    world.control.clear_faults()
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


def test_a_start_that_never_reaches_running_fails_with_its_reason_and_can_be_retried(
    world: WorldUnderTest, breakout: Breakout
) -> None:
    world.control.console("medialive", "fail_start", id=Channel.objects.get().ml_channel_id)
    services.breakout_start(breakout, who=TESTER)
    world.settle()
    breakout.refresh_from_db()
    assert (breakout.state, breakout.error_code) == ("failed", "start_failed")
    services.breakout_retry(breakout, who=TESTER)
    world.settle()
    breakout.refresh_from_db()
    assert (breakout.state, breakout.error_code) == ("running", "")


def test_deleting_a_channel_cancels_idle_breakouts_and_keeps_them(
    world: WorldUnderTest, channel: Channel, breakout: Breakout
) -> None:
    services.channel_delete(channel, who=TESTER)
    world.settle()
    breakout.refresh_from_db()
    assert (breakout.state, breakout.channel, breakout.channel_name) == ("cancelled", None, "stage")


def test_stopping_a_failed_breakout_leaves_the_one_on_air_alone(
    world: WorldUnderTest, channel: Channel, breakout: Breakout
) -> None:
    Breakout.objects.filter(pk=breakout.pk).update(state="failed")
    other = on_air(world, services.breakout_create(channel, "second", who=TESTER))
    assert services.breakout_stop(breakout, who=TESTER).state == "completed"
    world.settle()
    other.refresh_from_db()
    assert other.state == "running"


def test_a_channel_prepared_before_its_endpoint_exists_still_gets_its_distribution(
    world: WorldUnderTest,
) -> None:
    row = services.channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    services.breakout_prepare(services.breakout_create(row, "keynote", who=TESTER), who=TESTER)
    world.settle()
    assert Channel.objects.get().distribution is not None
