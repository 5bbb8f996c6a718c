"""A person in the AWS console: noticed within one full observation, said, repaired or handed to a person."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from channels_app.tasks import tidy_security_groups
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.lifecycle.models import ManagedResource, Transition
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import STACK, channel, medialive_state
from tests.scenarios.truth import an_hour_of_drift
from tests.scenarios.world import WorldUnderTest

WHO = TESTER


pytestmark = pytest.mark.usefixtures("stage")


def distribution() -> Distribution:
    return Distribution.objects.get()


def breakout() -> Breakout:
    return Breakout.objects.get()


def on_air(world: WorldUnderTest) -> Breakout:
    services.breakout_start(services.breakout_create(channel(), "keynote", who=WHO), who=WHO)
    world.settle()
    assert breakout().state == "running"
    return breakout()


def look(world: WorldUnderTest) -> None:
    """One full observation, and what it wakes."""
    world.observe()
    world.step_all()


def says(row: ManagedResource, code: str) -> None:
    row.refresh_from_db()
    assert row.error_code == code
    assert row.error_message.endswith(".")
    assert row.error_hint.endswith(".")


def retry_rebuilds(world: WorldUnderTest) -> None:
    services.channel_retry(channel(), who=WHO)
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


def test_a_deleted_distribution_is_suspected_at_the_first_look(world: WorldUnderTest) -> None:
    delete_distribution(world)
    look(world)
    says(distribution(), "suspected_missing")
    assert channel().distribution is not None


def test_a_deleted_distribution_of_an_idle_channel_is_said_on_the_channel(world: WorldUnderTest) -> None:
    delete_distribution(world)
    world.settle()
    assert not Distribution.objects.exists()
    says(channel(), "distribution_gone")
    services.channel_intent(channel(), observe_requested=True)
    world.settle()
    says(channel(), "distribution_gone")
    assert Transition.objects.filter(resource_type="channel", why__contains="gone from CloudFront").exists()


def test_retry_gives_an_idle_channel_another_distribution(world: WorldUnderTest) -> None:
    delete_distribution(world)
    world.settle()
    retry_rebuilds(world)


def test_prepare_gives_an_idle_channel_another_distribution(world: WorldUnderTest) -> None:
    delete_distribution(world)
    world.settle()
    services.breakout_prepare(services.breakout_create(channel(), "keynote", who=WHO), who=WHO)
    world.settle()
    assert (channel().error_code, distribution().state) == ("", "deployed")


def test_prepare_replaces_a_distribution_that_nobody_knew_to_be_gone(world: WorldUnderTest) -> None:
    delete_distribution(world)
    lost = distribution().aws_distribution_id
    services.breakout_prepare(services.breakout_create(channel(), "keynote", who=WHO), who=WHO)
    world.settle()
    assert (channel().error_code, channel().distribution, distribution().state) == (
        "",
        distribution(),
        "deployed",
    )
    assert distribution().aws_distribution_id != lost


def test_after_a_prepare_and_a_show_an_idle_channel_says_again_that_its_distribution_is_gone(
    world: WorldUnderTest,
) -> None:
    show = services.breakout_create(channel(), "keynote", who=WHO)
    for verb in (services.breakout_prepare, services.breakout_start, services.breakout_stop):
        verb(show, who=WHO)
        world.settle()
    delete_distribution(world)
    world.settle()
    says(channel(), "distribution_gone")


def test_a_detach_after_a_prepare_leaves_the_channel_without_one(world: WorldUnderTest) -> None:
    services.breakout_prepare(services.breakout_create(channel(), "keynote", who=WHO), who=WHO)
    world.settle()
    distributions.distribution_detach(distribution(), who=WHO)
    world.settle()
    assert (channel().distribution, channel().distribution_wanted) == (None, False)
    assert not world.creates()


def test_a_kept_distribution_that_is_enabled_in_the_console_is_disabled_again(world: WorldUnderTest) -> None:
    row = distribution()
    distributions.distribution_detach(row, who=WHO)
    world.settle()
    distributions.distribution_keep(row, who=WHO)
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
def test_an_edited_distribution_says_so_and_is_left_as_it_is(
    world: WorldUnderTest, changes: dict[str, Any]
) -> None:
    world.control.console("cloudfront", "edit", Id=distribution().aws_distribution_id, changes=changes)
    world.settle()
    says(distribution(), "edited_outside")
    assert distribution().state == "deployed"
    assert world.counts().get("cloudfront:UpdateDistribution") is None
    distributions.distribution_retry(distribution(), who=WHO)
    world.settle()
    assert distribution().error_code == ""


def test_an_edit_is_said_while_cloudfront_still_deploys_it(world: WorldUnderTest) -> None:
    world.control.scale(1.0)
    edit = {"PriceClass": "PriceClass_All"}
    world.control.console("cloudfront", "edit", Id=distribution().aws_distribution_id, changes=edit)
    look(world)
    assert distribution().status == "InProgress"
    says(distribution(), "edited_outside")
    world.control.advance(3600)
    world.control.scale(0.0)
    world.settle()
    says(distribution(), "edited_outside")


def test_an_edit_survives_our_own_disable_and_the_distribution_is_still_ours(world: WorldUnderTest) -> None:
    row = distribution()
    world.control.console("cloudfront", "edit_comment", Id=row.aws_distribution_id, Comment="by hand")
    distributions.distribution_detach(row, who=WHO)
    world.settle()
    (found,) = world.control.inventory()["cloudfront"]["distributions"]
    assert (found["Comment"], found["Enabled"]) == ("by hand", False)
    world.reap()
    world.settle()
    assert not Distribution.objects.exists()


def test_our_own_write_whose_answer_was_cut_is_no_edit_of_somebody_else(world: WorldUnderTest) -> None:
    world.control.fault("cloudfront:UpdateDistribution", "cut_after")
    row = distribution()
    distributions.distribution_detach(row, who=WHO)
    world.settle()
    distributions.distribution_keep(row, who=WHO)
    world.settle()
    assert (distribution().state, distribution().error_code) == ("disabled", "")


def test_old_news_from_the_list_is_no_edit(world: WorldUnderTest) -> None:
    Distribution.objects.update(etag="E-old")
    world.settle()
    assert (distribution().error_code, distribution().etag != "E-old") == ("", True)


def test_a_sync_that_is_pressed_before_it_exists_does_not_hold_up_its_creation(world: WorldUnderTest) -> None:
    front = distributions.distribution_create("https://o.example.com/a", owner_label="hall", who=WHO)
    distributions.distribution_sync(front, who=WHO)
    world.settle()
    front.refresh_from_db()
    assert (front.state, front.config is not None, front.config_requested) == ("deployed", True, False)


def test_a_configuration_that_may_not_be_read_does_not_hold_up_the_disable(world: WorldUnderTest) -> None:
    world.control.fault("cloudfront:GetDistributionConfig", "access_denied", times=None)
    distributions.distribution_sync(distribution(), who=WHO)
    distributions.distribution_detach(distribution(), who=WHO)
    for _ in range(6):
        look(world)
    assert (distribution().state, distribution().error_code) == ("disabled", "AccessDenied")


# --- MediaLive's channel -------------------------------------------------------------------


def test_an_idle_channel_started_by_hand_is_stopped_and_says_so(world: WorldUnderTest) -> None:
    world.control.scale(1.0)
    world.control.console("medialive", "start_channel", id=channel().ml_channel_id)
    look(world)
    says(channel(), "started_outside")
    look(world)
    says(channel(), "started_outside")
    world.control.advance(3600)
    world.control.scale(0.0)
    world.settle()
    assert medialive_state(world) == "IDLE"
    assert (channel().state, channel().error_code) == ("idle", "")
    assert world.illegal() == []


def test_an_answer_from_before_the_start_is_not_taken_for_a_stop(world: WorldUnderTest) -> None:
    show = on_air(world)
    world.control.fault("medialive:DescribeChannel", "stale_read")
    services.channel_intent(channel(), observe_requested=True)
    services.breakout_stop(show, who=WHO)
    world.step_all()
    assert (breakout().state, medialive_state(world)) == ("stopping", "IDLE")
    world.settle()
    assert (breakout().state, channel().error_code) == ("completed", "")
    assert world.counts()["medialive:StopChannel"] == 1
    assert Transition.objects.filter(why="stop sent").exclude(aws_request_id="").exists()


def test_a_running_channel_stopped_by_hand_is_started_again_and_says_so(world: WorldUnderTest) -> None:
    on_air(world)
    world.control.console("medialive", "stop_channel", id=channel().ml_channel_id)
    world.observe()
    while channel().error_code != "stopped_outside":
        look(world)
    says(channel(), "stopped_outside")
    world.settle()
    assert (medialive_state(world), breakout().state, channel().error_code) == ("RUNNING", "running", "")


def test_a_channel_deleted_by_hand_while_idle_fails_and_retry_rebuilds_it(world: WorldUnderTest) -> None:
    world.control.console("medialive", "delete_channel", id=channel().ml_channel_id)
    world.settle()
    says(channel(), "deleted_outside")
    assert (channel().state, "MediaLive channel" in channel().error_message) == ("failed", True)
    retry_rebuilds(world)


def test_a_channel_deleted_by_hand_on_air_fails_its_breakout_and_retry_puts_it_on_air(
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
    services.breakout_retry(breakout(), who=WHO)
    world.settle()
    assert (channel().state, breakout().state, breakout().error_code) == ("running", "running", "")
    assert medialive_state(world) == "RUNNING"
    assert world.left() == STACK


def test_a_stop_after_the_channel_was_deleted_by_hand_ends_the_breakout(world: WorldUnderTest) -> None:
    on_air(world)
    Channel.objects.update(state="failed", ml_channel_gone=True)
    services.breakout_stop(breakout(), who=WHO)
    world.settle()
    assert breakout().state == "completed"


def test_a_channel_that_is_being_deleted_by_hand_is_not_started(world: WorldUnderTest) -> None:
    world.control.scale(1.0)
    world.control.console("medialive", "delete_channel", id=channel().ml_channel_id)
    look(world)
    services.breakout_start(services.breakout_create(channel(), "keynote", who=WHO), who=WHO)
    world.step_all()
    assert world.counts().get("medialive:StartChannel") is None
    world.control.advance(3600)
    world.control.scale(0.0)
    world.settle()
    assert (channel().state, breakout().state) == ("failed", "failed")
    assert world.illegal() == []


# --- the input and its group ---------------------------------------------------------------


def delete_input(world: WorldUnderTest) -> None:
    """AWS lets nobody delete an input that a channel has: first the channel, then the input."""
    world.control.console("medialive", "delete_channel", id=channel().ml_channel_id)
    world.control.console("medialive", "delete_input", id=channel().ml_input_id)


def test_a_deleted_input_fails_the_channel_and_retry_rebuilds_it(world: WorldUnderTest) -> None:
    delete_input(world)
    world.settle()
    says(channel(), "deleted_outside")
    urls = channel().input_dest_urls
    retry_rebuilds(world)
    assert channel().input_dest_urls != urls


def test_a_deleted_security_group_is_noticed_and_made_anew(world: WorldUnderTest) -> None:
    old = SecurityGroup.objects.get().aws_id
    delete_input(world)
    world.control.console("medialive", "delete_input_security_group", id=old)
    look(world)
    says(SecurityGroup.objects.get(), "suspected_missing")
    world.settle()
    group = SecurityGroup.objects.get()
    assert (group.state, group.error_code, group.aws_id != old) == ("ready", "", True)
    retry_rebuilds(world)


# --- MediaPackage --------------------------------------------------------------------------


def test_a_deleted_endpoint_fails_the_channel_and_retry_replaces_the_distribution_too(
    world: WorldUnderTest,
) -> None:
    old = distribution().origin_url
    world.control.console("mediapackage", "delete_endpoint", id=channel().mp_endpoint_id)
    look(world)
    says(channel(), "suspected_missing")
    world.settle()
    says(channel(), "deleted_outside")
    assert "endpoint" in channel().error_message
    retry_rebuilds(world)
    assert channel().endpoint_url != old


def test_an_endpoint_deleted_on_air_leaves_the_encoder_running_and_retry_puts_it_right(
    world: WorldUnderTest,
) -> None:
    on_air(world)
    world.control.console("mediapackage", "delete_endpoint", id=channel().mp_endpoint_id)
    world.settle()
    says(channel(), "deleted_outside")
    assert (breakout().state, medialive_state(world)) == ("running", "RUNNING")
    services.channel_retry(channel(), who=WHO)
    world.settle()
    assert (channel().state, breakout().state) == ("running", "running")
    now = channel().distribution
    assert now is not None
    assert (now.state, now.origin_url) == ("deployed", channel().endpoint_url)
    first, second = Attachment.objects.order_by("pk")
    assert first.ended_at is not None
    assert (second.ended_at, second.aws_distribution_id) == (None, now.aws_distribution_id)
    assert world.counts()["medialive:StartChannel"] == 1


def test_an_endpoint_deleted_during_the_start_fails_the_breakout_and_nothing_runs_on(
    world: WorldUnderTest,
) -> None:
    world.control.scale(1.0)
    services.breakout_start(services.breakout_create(channel(), "keynote", who=WHO), who=WHO)
    world.step_all()
    assert medialive_state(world) == "STARTING"
    world.control.scale(0.0)  # from here on things take no time, but this start does
    world.control.console("mediapackage", "delete_endpoint", id=channel().mp_endpoint_id)
    world.settle()
    assert (channel().state, channel().desired, breakout().state) == ("failed", "idle", "failed")
    assert medialive_state(world) == "IDLE"


def test_a_deleted_package_channel_fails_and_retry_rebuilds_it(world: WorldUnderTest) -> None:
    world.control.console("mediapackage", "delete_channel", id=channel().mp_channel_id)
    world.settle()
    says(channel(), "deleted_outside")
    retry_rebuilds(world)


# --- strangers, and blindness ----------------------------------------------------------------


def test_foreign_resources_beside_ours_are_never_touched(world: WorldUnderTest) -> None:
    control = world.control
    control.console("cloudfront", "create_foreign", count=3, Enabled=False)
    control.console("medialive", "create_foreign_channel", tags={"streamhub:environment": "elsewhere"})
    control.console("medialive", "create_foreign_input_security_group", cidr="10.0.0.0/8")
    control.console("mediapackage", "create_foreign_channel")
    before = world.left()
    look(world)
    services.channel_delete(channel(), who=WHO)
    world.settle()
    world.reap()
    world.settle()
    tidy_security_groups()
    an_hour_of_drift()
    world.settle()
    assert world.left() == {kind: n - 1 for kind, n in before.items() if n > STACK.get(kind, 0)}


UNREADABLE = ("AccessDenied", "AccessDeniedException", "Throttling", "TooManyRequestsException")


@pytest.mark.parametrize("kind", ["throttle", "access_denied"])
def test_what_cannot_be_read_is_not_gone(
    world: WorldUnderTest, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # botocore's own pauses between its two attempts
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    on_air(world)
    for operation in ("*:Get*", "*:List*", "*:Describe*"):
        world.control.fault(operation, kind, times=None)
    world.control.clear_calls()
    distributions.distribution_sync(distribution(), who=WHO)
    services.breakout_prepare(breakout(), who=WHO)
    for _ in range(40):  # ten minutes at the default OBSERVE_SECONDS
        look(world)
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
    for lie in ("cloudfront:GetDistribution", "medialive:DescribeChannel"):
        world.control.fault(lie, "not_found", times=1)
    for operation in ("*:Get*", "*:List*", "*:Describe*"):
        world.control.fault(operation, "throttle", times=None)
    world.control.clear_calls()
    distributions.distribution_sync(distribution(), who=WHO)
    services.channel_intent(channel(), observe_requested=True)
    for _ in range(10):
        look(world)
        world.reap()
    assert (channel().state, distribution().state, breakout().state) == ("running", "deployed", "running")
    assert distribution().suspect_since is not None
    world.control.clear_faults()
    world.settle()
    assert (channel().error_code, distribution().error_code) == ("", "")
    assert (distribution().suspect_since, world.left()) == (None, STACK)
    assert not world.creates()


@pytest.mark.parametrize("operation", ["cloudfront:Get*", "mediapackage:Describe*", "medialive:Describe*"])
def test_a_lie_told_once_about_each_thing_changes_nothing(world: WorldUnderTest, operation: str) -> None:
    before = world.left()
    world.control.fault(operation, "not_found", times=1)
    distributions.distribution_sync(distribution(), who=WHO)
    services.channel_intent(channel(), observe_requested=True)
    world.settle()
    assert (channel().state, channel().error_code) == ("idle", "")
    assert (distribution().state, distribution().error_code) == ("deployed", "")
    assert world.left() == before
    assert not world.creates()
