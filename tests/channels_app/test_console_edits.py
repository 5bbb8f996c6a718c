"""Changes in the AWS console: noticed within one full observation, shown, and repaired or left to staff."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from channels_app.tasks import release_unused_security_groups
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.lifecycle.models import ManagedResource, Transition
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import STACK, channel, medialive_state
from tests.scenarios.truth import run_drift_twice
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.usefixtures("stage")


def distribution() -> Distribution:
    return Distribution.objects.get()


def breakout() -> Breakout:
    return Breakout.objects.get()


def on_air(world: WorldUnderTest) -> Breakout:
    services.breakout_start(services.breakout_create(channel(), "keynote", who=TESTER), who=TESTER)
    world.settle()
    assert breakout().state == "running"
    return breakout()


def observe_and_step(world: WorldUnderTest) -> None:
    """One full observation, then a step of every due row."""
    world.observe()
    world.step_all()


def assert_error(row: ManagedResource, code: str) -> None:
    row.refresh_from_db()
    assert row.error_code == code
    assert row.error_message.endswith(".")
    assert row.error_hint.endswith(".")


def assert_retry_rebuilds(world: WorldUnderTest) -> None:
    services.channel_retry(channel(), who=TESTER)
    world.settle()
    row = channel()
    assert (row.state, row.error_code) == ("idle", "")
    assert row.distribution is not None
    assert (row.distribution.state, row.distribution.origin_url) == ("deployed", row.endpoint_url)
    world.settle()
    world.reap()
    world.settle()
    assert world.left() == STACK
    assert world.illegal() == []


# --- the distribution ----------------------------------------------------------------------


def delete_distribution(world: WorldUnderTest) -> None:
    world.control.console("cloudfront", "delete", Id=distribution().aws_distribution_id, force=True)


def test_a_deleted_distribution_is_suspected_at_the_first_observation(world: WorldUnderTest) -> None:
    delete_distribution(world)
    observe_and_step(world)
    assert_error(distribution(), "suspected_missing")
    assert channel().distribution is not None


def test_an_idle_channel_shows_that_its_distribution_was_deleted(world: WorldUnderTest) -> None:
    delete_distribution(world)
    world.settle()
    assert not Distribution.objects.exists()
    assert_error(channel(), "distribution_gone")
    services.channel_intent(channel(), observe_requested=True)
    world.settle()
    assert_error(channel(), "distribution_gone")
    assert Transition.objects.filter(resource_type="channel", why__contains="gone from CloudFront").exists()


def test_retry_creates_another_distribution_for_an_idle_channel(world: WorldUnderTest) -> None:
    delete_distribution(world)
    world.settle()
    assert_retry_rebuilds(world)


def test_prepare_creates_another_distribution_for_an_idle_channel(world: WorldUnderTest) -> None:
    delete_distribution(world)
    world.settle()
    services.breakout_prepare(services.breakout_create(channel(), "keynote", who=TESTER), who=TESTER)
    world.settle()
    assert (channel().error_code, distribution().state) == ("", "deployed")


def test_prepare_replaces_a_deleted_distribution_before_its_loss_was_noticed(world: WorldUnderTest) -> None:
    delete_distribution(world)
    lost = distribution().aws_distribution_id
    services.breakout_prepare(services.breakout_create(channel(), "keynote", who=TESTER), who=TESTER)
    world.settle()
    assert (channel().error_code, channel().distribution, distribution().state) == (
        "",
        distribution(),
        "deployed",
    )
    assert distribution().aws_distribution_id != lost


def test_after_a_breakout_an_idle_channel_shows_again_that_its_distribution_was_deleted(
    world: WorldUnderTest,
) -> None:
    keynote = services.breakout_create(channel(), "keynote", who=TESTER)
    for verb in (services.breakout_prepare, services.breakout_start, services.breakout_stop):
        verb(keynote, who=TESTER)
        world.settle()
    delete_distribution(world)
    world.settle()
    assert_error(channel(), "distribution_gone")


def test_a_channel_detached_after_a_prepare_gets_no_other_distribution(world: WorldUnderTest) -> None:
    services.breakout_prepare(services.breakout_create(channel(), "keynote", who=TESTER), who=TESTER)
    world.settle()
    distributions.distribution_detach(distribution(), who=TESTER)
    world.settle()
    assert (channel().distribution, channel().distribution_wanted) == (None, False)
    assert not world.creates()


def test_a_kept_distribution_enabled_in_the_console_is_disabled_again(world: WorldUnderTest) -> None:
    row = distribution()
    distributions.distribution_detach(row, who=TESTER)
    world.settle()
    distributions.distribution_keep(row, who=TESTER)
    world.settle()
    world.control.console("cloudfront", "enable", Id=row.aws_distribution_id)
    world.settle()
    assert (distribution().state, distribution().enabled) == ("disabled", False)
    assert Transition.objects.filter(why__startswith="enabled outside").exists()


@pytest.mark.parametrize(
    "changes",
    [{"Comment": "tidied by hand"}, {"PriceClass": "PriceClass_All"}],
    ids=["comment", "price class"],
)
def test_an_edited_distribution_shows_it_and_is_not_changed_back(
    world: WorldUnderTest, changes: dict[str, Any]
) -> None:
    world.control.console("cloudfront", "edit", Id=distribution().aws_distribution_id, changes=changes)
    world.settle()
    assert_error(distribution(), "edited_outside")
    assert distribution().state == "deployed"
    assert world.counts().get("cloudfront:UpdateDistribution") is None
    distributions.distribution_retry(distribution(), who=TESTER)
    world.settle()
    assert distribution().error_code == ""


def test_an_edit_is_shown_while_cloudfront_still_deploys_it(world: WorldUnderTest) -> None:
    world.control.scale(1.0)
    edit = {"PriceClass": "PriceClass_All"}
    world.control.console("cloudfront", "edit", Id=distribution().aws_distribution_id, changes=edit)
    observe_and_step(world)
    assert distribution().status == "InProgress"
    assert_error(distribution(), "edited_outside")
    world.control.advance(3600)
    world.control.scale(0.0)
    world.settle()
    assert_error(distribution(), "edited_outside")


def test_a_disable_keeps_an_edited_comment_and_the_distribution_is_still_ours(world: WorldUnderTest) -> None:
    row = distribution()
    world.control.console("cloudfront", "edit_comment", Id=row.aws_distribution_id, Comment="by hand")
    distributions.distribution_detach(row, who=TESTER)
    world.settle()
    (actual,) = world.control.inventory()["cloudfront"]["distributions"]
    assert (actual["Comment"], actual["Enabled"]) == ("by hand", False)
    world.reap()
    world.settle()
    assert not Distribution.objects.exists()


def test_our_own_write_whose_answer_was_cut_is_not_taken_for_an_edit(world: WorldUnderTest) -> None:
    world.control.fault("cloudfront:UpdateDistribution", "cut_after")
    row = distribution()
    distributions.distribution_detach(row, who=TESTER)
    world.settle()
    distributions.distribution_keep(row, who=TESTER)
    world.settle()
    assert (distribution().state, distribution().error_code) == ("disabled", "")


def test_a_stale_list_entry_is_not_taken_for_an_edit(world: WorldUnderTest) -> None:
    Distribution.objects.update(etag="E-old")
    world.settle()
    assert (distribution().error_code, distribution().etag != "E-old") == ("", True)


def test_a_sync_before_the_distribution_exists_does_not_delay_its_creation(world: WorldUnderTest) -> None:
    new = distributions.distribution_create("https://o.example.com/a", owner_label="hall", who=TESTER)
    distributions.distribution_sync(new, who=TESTER)
    world.settle()
    new.refresh_from_db()
    assert (new.state, new.config is not None, new.config_requested) == ("deployed", True, False)


def test_a_sync_reads_state_and_configuration_with_one_call(world: WorldUnderTest) -> None:
    read = ("cloudfront:GetDistribution", "cloudfront:GetDistributionConfig")
    before = world.counts()
    distributions.distribution_sync(distribution(), who=TESTER)
    world.settle()
    assert [world.counts().get(name, 0) - before.get(name, 0) for name in read] == [1, 0]
    assert distribution().config["Enabled"] is True
    assert distribution().config_requested is False


def test_a_configuration_that_may_not_be_read_does_not_delay_the_disable(world: WorldUnderTest) -> None:
    world.control.fault("cloudfront:GetDistributionConfig", "access_denied", times=None)
    distributions.distribution_config_request(distribution())
    distributions.distribution_detach(distribution(), who=TESTER)
    for _ in range(6):
        observe_and_step(world)
    assert distribution().state == "disabled"
    assert world.counts()["cloudfront:GetDistributionConfig"] >= 1


# --- MediaLive's channel -------------------------------------------------------------------


def test_an_idle_channel_started_in_the_console_is_stopped_and_shows_it(world: WorldUnderTest) -> None:
    world.control.scale(1.0)
    world.control.console("medialive", "start_channel", id=channel().ml_channel_id)
    observe_and_step(world)
    assert_error(channel(), "started_outside")
    observe_and_step(world)
    assert_error(channel(), "started_outside")
    world.control.advance(3600)
    world.control.scale(0.0)
    world.settle()
    assert medialive_state(world) == "IDLE"
    assert (channel().state, channel().error_code) == ("idle", "")
    assert world.illegal() == []


def test_a_read_from_before_the_start_is_not_taken_for_a_stop(world: WorldUnderTest) -> None:
    keynote = on_air(world)
    world.control.fault("medialive:DescribeChannel", "stale_read")
    services.channel_intent(channel(), observe_requested=True)
    services.breakout_stop(keynote, who=TESTER)
    world.step_all()
    assert (breakout().state, medialive_state(world)) == ("stopping", "IDLE")
    world.settle()
    assert (breakout().state, channel().error_code) == ("completed", "")
    assert world.counts()["medialive:StopChannel"] == 1
    assert Transition.objects.filter(why="stop sent").exclude(aws_request_id="").exists()


def test_a_running_channel_stopped_in_the_console_is_started_again_and_shows_it(
    world: WorldUnderTest,
) -> None:
    on_air(world)
    world.control.console("medialive", "stop_channel", id=channel().ml_channel_id)
    world.observe()
    while channel().error_code != "stopped_outside":
        observe_and_step(world)
    assert_error(channel(), "stopped_outside")
    world.settle()
    assert (medialive_state(world), breakout().state, channel().error_code) == ("RUNNING", "running", "")


def test_an_idle_channel_deleted_in_the_console_fails_and_retry_creates_it_again(
    world: WorldUnderTest,
) -> None:
    world.control.console("medialive", "delete_channel", id=channel().ml_channel_id)
    world.settle()
    assert_error(channel(), "deleted_outside")
    assert (channel().state, "MediaLive channel" in channel().error_message) == ("failed", True)
    assert_retry_rebuilds(world)


def test_a_channel_deleted_in_the_console_on_air_fails_its_breakout_and_retry_starts_both(
    world: WorldUnderTest,
) -> None:
    on_air(world)
    world.control.console("medialive", "delete_channel", id=channel().ml_channel_id)
    world.settle()
    assert (channel().state, breakout().state, breakout().error_code) == (
        "failed",
        "failed",
        "deleted_outside",
    )
    assert channel().desired == "idle"
    assert not Attachment.objects.filter(ended_at=None).exists()
    services.breakout_retry(breakout(), who=TESTER)
    world.settle()
    assert (channel().state, breakout().state, breakout().error_code) == ("running", "running", "")
    assert medialive_state(world) == "RUNNING"
    assert world.left() == STACK


def test_a_stop_after_the_channel_was_deleted_in_the_console_ends_the_breakout(world: WorldUnderTest) -> None:
    on_air(world)
    Channel.objects.update(state="failed", ml_channel_gone=True)
    services.breakout_stop(breakout(), who=TESTER)
    world.settle()
    assert breakout().state == "completed"


def test_a_channel_that_is_being_deleted_in_the_console_is_not_started(world: WorldUnderTest) -> None:
    world.control.scale(1.0)
    world.control.console("medialive", "delete_channel", id=channel().ml_channel_id)
    observe_and_step(world)
    services.breakout_start(services.breakout_create(channel(), "keynote", who=TESTER), who=TESTER)
    world.step_all()
    assert world.counts().get("medialive:StartChannel") is None
    world.control.advance(3600)
    world.control.scale(0.0)
    world.settle()
    assert (channel().state, breakout().state) == ("failed", "failed")
    assert world.illegal() == []


# --- the input and its group ---------------------------------------------------------------


def delete_input(world: WorldUnderTest) -> None:
    """Delete the channel first: AWS refuses to delete an input that a channel uses."""
    world.control.console("medialive", "delete_channel", id=channel().ml_channel_id)
    world.control.console("medialive", "delete_input", id=channel().ml_input_id)


def test_a_deleted_input_fails_the_channel_and_retry_creates_it_again(world: WorldUnderTest) -> None:
    delete_input(world)
    world.settle()
    assert_error(channel(), "deleted_outside")
    urls = channel().input_urls
    assert_retry_rebuilds(world)
    assert channel().input_urls != urls


def test_a_deleted_security_group_is_noticed_and_created_again(world: WorldUnderTest) -> None:
    old = SecurityGroup.objects.get().aws_id
    delete_input(world)
    world.control.console("medialive", "delete_input_security_group", id=old)
    observe_and_step(world)
    assert_error(SecurityGroup.objects.get(), "suspected_missing")
    world.settle()
    group = SecurityGroup.objects.get()
    assert (group.state, group.error_code, group.aws_id != old) == ("ready", "", True)
    assert_retry_rebuilds(world)


# --- MediaPackage --------------------------------------------------------------------------


def test_a_deleted_endpoint_fails_the_channel_and_retry_replaces_the_distribution_too(
    world: WorldUnderTest,
) -> None:
    old = distribution().origin_url
    world.control.console("mediapackage", "delete_endpoint", id=channel().mp_endpoint_id)
    observe_and_step(world)
    assert_error(channel(), "suspected_missing")
    world.settle()
    assert_error(channel(), "deleted_outside")
    assert "endpoint" in channel().error_message
    assert_retry_rebuilds(world)
    assert channel().endpoint_url != old


def test_an_endpoint_deleted_on_air_leaves_the_encoder_running_and_retry_replaces_it(
    world: WorldUnderTest,
) -> None:
    on_air(world)
    world.control.console("mediapackage", "delete_endpoint", id=channel().mp_endpoint_id)
    world.settle()
    assert_error(channel(), "deleted_outside")
    assert (breakout().state, medialive_state(world)) == ("running", "RUNNING")
    services.channel_retry(channel(), who=TESTER)
    world.settle()
    assert (channel().state, breakout().state) == ("running", "running")
    replacement = channel().distribution
    assert replacement is not None
    assert (replacement.state, replacement.origin_url) == ("deployed", channel().endpoint_url)
    first, second = Attachment.objects.order_by("pk")
    assert first.ended_at is not None
    assert (second.ended_at, second.aws_distribution_id) == (None, replacement.aws_distribution_id)
    assert world.counts()["medialive:StartChannel"] == 1


def test_an_endpoint_deleted_during_the_start_fails_the_breakout_and_stops_the_encoder(
    world: WorldUnderTest,
) -> None:
    world.control.scale(1.0)
    services.breakout_start(services.breakout_create(channel(), "keynote", who=TESTER), who=TESTER)
    world.step_all()
    assert medialive_state(world) == "STARTING"
    world.control.scale(0.0)  # later operations take no time, but this start still does
    world.control.console("mediapackage", "delete_endpoint", id=channel().mp_endpoint_id)
    world.settle()
    assert (channel().state, channel().desired, breakout().state) == ("failed", "idle", "failed")
    assert medialive_state(world) == "IDLE"


def test_a_deleted_mediapackage_channel_fails_and_retry_creates_it_again(world: WorldUnderTest) -> None:
    world.control.console("mediapackage", "delete_channel", id=channel().mp_channel_id)
    world.settle()
    assert_error(channel(), "deleted_outside")
    assert_retry_rebuilds(world)


# --- foreign resources, failing reads ----------------------------------------------------------------


def test_foreign_resources_are_never_changed(world: WorldUnderTest) -> None:
    control = world.control
    control.console("cloudfront", "create_foreign", count=3, Enabled=False)
    control.console("medialive", "create_foreign_channel", tags={"streamhub:environment": "elsewhere"})
    control.console("medialive", "create_foreign_input_security_group", cidr="10.0.0.0/8")
    control.console("mediapackage", "create_foreign_channel")
    before = world.left()
    observe_and_step(world)
    services.channel_delete(channel(), who=TESTER)
    world.settle()
    world.reap()
    world.settle()
    release_unused_security_groups()
    run_drift_twice()
    world.settle()
    assert world.left() == {kind: n - 1 for kind, n in before.items() if n > STACK.get(kind, 0)}


UNREADABLE = ("AccessDenied", "AccessDeniedException", "Throttling", "TooManyRequestsException")


@pytest.mark.parametrize("kind", ["throttle", "access_denied"])
def test_a_resource_that_cannot_be_read_is_not_taken_for_gone(
    world: WorldUnderTest, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Skip botocore's pauses between its two attempts.
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    on_air(world)
    for operation in ("*:Get*", "*:List*", "*:Describe*"):
        world.control.fault(operation, kind, times=None)
    world.control.clear_calls()
    distributions.distribution_sync(distribution(), who=TESTER)
    services.breakout_prepare(breakout(), who=TESTER)
    for _ in range(40):  # ten minutes at the default OBSERVE_SECONDS
        observe_and_step(world)
        world.reap()
    calls = world.counts()
    assert not [call for call in calls if any(word in call for word in (":Create", ":Delete", ":Update"))]
    for row in (channel(), distribution()):
        row.refresh_from_db()
        assert row.error_code in UNREADABLE
        assert "tries again" in row.error_hint
        assert row.suspect_since is None
    assert (channel().state, distribution().state, breakout().state) == ("running", "deployed", "running")
    world.control.clear_faults()
    world.settle()
    assert (channel().error_code, distribution().error_code) == ("", "")
    assert world.left() == STACK


def test_a_suspicion_is_not_confirmed_by_reads_that_fail(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    on_air(world)
    for operation in ("cloudfront:GetDistribution", "medialive:DescribeChannel"):
        world.control.fault(operation, "not_found", times=1)
    for operation in ("*:Get*", "*:List*", "*:Describe*"):
        world.control.fault(operation, "throttle", times=None)
    world.control.clear_calls()
    distributions.distribution_sync(distribution(), who=TESTER)
    services.channel_intent(channel(), observe_requested=True)
    for _ in range(10):
        observe_and_step(world)
        world.reap()
    assert (channel().state, distribution().state, breakout().state) == ("running", "deployed", "running")
    assert distribution().suspect_since is not None
    world.control.clear_faults()
    world.settle()
    assert (channel().error_code, distribution().error_code) == ("", "")
    assert (distribution().suspect_since, world.left()) == (None, STACK)
    assert not world.creates()


@pytest.mark.parametrize("operation", ["cloudfront:Get*", "mediapackage:Describe*", "medialive:Describe*"])
def test_one_false_not_found_for_each_resource_changes_nothing(world: WorldUnderTest, operation: str) -> None:
    before = world.left()
    world.control.fault(operation, "not_found", times=1)
    distributions.distribution_sync(distribution(), who=TESTER)
    services.channel_intent(channel(), observe_requested=True)
    world.settle()
    assert (channel().state, channel().error_code) == ("idle", "")
    assert (distribution().state, distribution().error_code) == ("deployed", "")
    assert world.left() == before
    assert not world.creates()
