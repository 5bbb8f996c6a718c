"""Resources that somebody gives to another team: nothing is changed any more, and a person decides."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from channels_app import services
from channels_app.models import Breakout, Channel, SecurityGroup
from channels_app.tasks import release_unused_security_groups
from distributions import services as distributions
from distributions.models import Distribution
from distributions.stale import stale
from streamhub.alerts.rules import Severity, sources
from streamhub.aws.ownership import ENVIRONMENT_TAG, OWNER_TAG
from streamhub.lifecycle.models import Job, ManagedResource, Transition
from tests.scenarios import stage
from tests.scenarios.handing_over import KINDS, THEIRS, Taken, give_back, hand_over, lists_grow_old, set_tags
from tests.scenarios.stage import STACK, channel, medialive_state
from tests.scenarios.world import WorldUnderTest

PARTS = ("ml_channel", "ml_input", "mp_endpoint", "mp_channel")
WRITES = (":Delete", ":Update", ":Stop", ":Start", ":Create")


@pytest.fixture
def shown(stage: Channel, world: WorldUnderTest) -> WorldUnderTest:
    """An idle channel with its distribution."""
    return world


def writes(world: WorldUnderTest) -> dict[str, int]:
    return {call: n for call, n in world.counts().items() if any(word in call for word in WRITES)}


def assert_handed_over(row: ManagedResource) -> None:
    row.refresh_from_db()
    assert row.error is not None
    assert (row.error["code"], row.error["needs_person"]) == ("handed_over", True)
    assert "streamhub:owner=" + row.uid in row.error_hint
    assert row.handed_over_at is not None


def alarms(rule: str = "handed_over") -> list[Any]:
    return [each for source in sources() for each in source.current() if each.rule == rule]


def settle_with_reaper(world: WorldUnderTest) -> None:
    world.settle()
    world.reap()
    world.settle()


# --- a deletion ------------------------------------------------------------------------------


def test_a_stack_given_to_another_team_is_not_deleted(shown: WorldUnderTest) -> None:
    hand_over(shown)
    stage.delete(shown)
    settle_with_reaper(shown)
    release_unused_security_groups()
    settle_with_reaper(shown)
    assert writes(shown) == {}
    assert shown.left() == STACK
    assert_handed_over(channel())
    assert_handed_over(Distribution.objects.get())
    assert channel().ml_channel_id
    assert Distribution.objects.get().aws_distribution_id


@pytest.mark.parametrize("kind", PARTS)
def test_one_part_given_away_keeps_the_whole_channel(shown: WorldUnderTest, kind: str) -> None:
    (taken,) = hand_over(shown, kind)
    shown.observe()
    stage.delete(shown)
    settle_with_reaper(shown)
    assert [call for call in writes(shown) if "cloudfront" not in call] == []
    assert_handed_over(channel())
    assert taken.aws_id in channel().error_message


@pytest.mark.parametrize("kind", PARTS)
def test_a_part_given_away_after_the_last_list_is_read_again_before_it_is_deleted(
    shown: WorldUnderTest, kind: str
) -> None:
    hand_over(shown, kind)
    lists_grow_old()
    stage.delete(shown)
    shown.settle()
    deleted = {"ml_channel": "DeleteChannel", "ml_input": "DeleteInput"}.get(kind)
    assert not deleted or f"medialive:{deleted}" not in writes(shown)
    assert {
        "mp_endpoint": "mediapackage:DeleteOriginEndpoint",
        "mp_channel": "mediapackage:DeleteChannel",
    }.get(kind) not in writes(shown)
    assert_handed_over(channel())


def test_a_group_given_away_just_before_its_deletion_is_read_again(shown: WorldUnderTest) -> None:
    stage.delete(shown)
    shown.settle(until=lambda: not Channel.objects.exists())
    assert SecurityGroup.objects.get().state == "ready"
    hand_over(shown, "security_group")
    lists_grow_old()
    shown.settle()
    assert "medialive:DeleteInputSecurityGroup" not in writes(shown)
    assert_handed_over(SecurityGroup.objects.get())


def test_a_group_given_away_is_not_deleted(shown: WorldUnderTest) -> None:
    hand_over(shown, "security_group")
    stage.delete(shown)
    settle_with_reaper(shown)
    assert shown.left() == {"medialive input_security_groups": 1}
    assert_handed_over(SecurityGroup.objects.get())


def test_a_distribution_given_away_is_neither_disabled_nor_deleted(shown: WorldUnderTest) -> None:
    hand_over(shown, "distribution")
    stage.detach(shown)
    settle_with_reaper(shown)
    assert writes(shown) == {}
    assert stage.cloudfront_says(shown) == (True, "Deployed")
    assert_handed_over(Distribution.objects.get())


def test_a_stale_distribution_given_away_leaves_the_reapers_queue(shown: WorldUnderTest) -> None:
    stage.detach(shown)
    shown.settle(until=stage.disabled)
    hand_over(shown, "distribution")
    shown.control.clear_calls()
    shown.reap()
    shown.settle()
    # Nothing was read since: CloudFront refuses the deletion, which names the ETag of our own mark.
    assert writes(shown) == {"cloudfront:DeleteDistribution": 1}
    assert shown.control.counts()["errors"] == {"cloudfront:DeleteDistribution PreconditionFailed": 1}
    assert shown.left() == STACK
    assert_handed_over(Distribution.objects.get())
    assert (Distribution.objects.get().state, stale().exists()) == ("disabled", False)
    shown.reap()
    assert Job.objects.get(name="delete_stale_distributions").outcome == "nothing to delete"


def test_several_given_away_do_not_end_the_reapers_run(shown: WorldUnderTest) -> None:
    stage.detach(shown)
    for n in range(4):
        row = distributions.distribution_create(
            f"https://o.example.com/{n}", owner_label="hall", who=stage.WHO
        )
        shown.settle()
        distributions.distribution_detach(row, who=stage.WHO)
    shown.settle()
    assert stale().count() == 5
    for held in hand_over(shown, "distribution")[4:]:
        give_back(shown, [held])
    shown.reap()
    shown.settle()
    assert Distribution.objects.filter(handed_over_at=None).count() == 0
    assert shown.left()["cloudfront distributions"] == 4


def test_given_away_between_the_read_and_the_write_of_a_disable_is_not_written(shown: WorldUnderTest) -> None:
    row = Distribution.objects.get()
    stage.detach(shown)
    once: list[Any] = []

    def take(call: Any) -> None:
        if call.operation == "cloudfront:GetDistribution" and not once:
            once.append(hand_over(shown, "distribution"))

    shown.session.on_call.append(take)
    shown.settle()
    assert once
    assert stage.cloudfront_says(shown) == (True, "Deployed")
    assert_handed_over(row)


# --- one of two marks ------------------------------------------------------------------------


def test_a_distribution_with_one_of_its_two_marks_is_still_ours(shown: WorldUnderTest) -> None:
    row = Distribution.objects.get()
    set_tags(shown, Taken("distribution", row.aws_distribution_id or "", {}), dict(THEIRS))
    stage.detach(shown)
    settle_with_reaper(shown)
    assert not Distribution.objects.exists()


@pytest.mark.parametrize("lost", [ENVIRONMENT_TAG, OWNER_TAG])
def test_a_part_with_one_of_the_two_tags_that_name_us_is_still_ours(shown: WorldUnderTest, lost: str) -> None:
    for held in hand_over(shown, *PARTS):
        set_tags(shown, held, {key: value for key, value in held.tags.items() if key != lost})
    stage.delete(shown)
    settle_with_reaper(shown)
    assert not Channel.objects.exists()


@pytest.mark.parametrize("given", [ENVIRONMENT_TAG, OWNER_TAG])
def test_a_part_with_a_tag_that_names_others_is_theirs(shown: WorldUnderTest, given: str) -> None:
    for held in hand_over(shown, *PARTS):
        set_tags(shown, held, {**held.tags, given: "theirs"})
    stage.delete(shown)
    shown.settle()
    assert_handed_over(channel())
    assert "medialive:DeleteChannel" not in writes(shown)


# --- waiting and giving back -----------------------------------------------------------------


def test_what_was_handed_over_is_not_asked_about_in_a_loop(shown: WorldUnderTest) -> None:
    hand_over(shown)
    stage.delete(shown)
    settle_with_reaper(shown)
    shown.control.clear_calls()
    for _ in range(20):
        shown.observe_waiting()
    assert shown.counts() == {}
    waiting = Distribution.objects.get().not_before
    assert waiting is not None
    assert (waiting - Distribution.objects.get().handed_over_at).total_seconds() > 200  # type: ignore[operator]


def test_a_mark_that_comes_back_lets_the_deletion_go_on(shown: WorldUnderTest) -> None:
    taken = hand_over(shown)
    stage.delete(shown)
    settle_with_reaper(shown)
    assert {each.kind for each in alarms()} == {"channel", "distribution", "security group"}
    give_back(shown, taken)
    settle_with_reaper(shown)
    release_unused_security_groups()
    settle_with_reaper(shown)
    assert shown.left() == {}
    assert not Channel.objects.exists()
    assert not Distribution.objects.exists()
    assert alarms() == []
    assert Transition.objects.filter(why__startswith="no longer in other hands").count() >= 2


def test_tags_alone_give_a_distribution_back(shown: WorldUnderTest) -> None:
    (held,) = hand_over(shown, "distribution")
    stage.detach(shown)
    settle_with_reaper(shown)
    assert_handed_over(Distribution.objects.get())
    set_tags(shown, held, held.tags)
    distributions.distribution_retry(Distribution.objects.get(), who=stage.WHO)
    settle_with_reaper(shown)
    assert not Distribution.objects.exists()


def test_an_idle_channel_given_away_shows_it_and_is_well_when_it_is_back(shown: WorldUnderTest) -> None:
    taken = hand_over(shown)
    shown.settle()
    assert {each.severity for each in alarms()} == {Severity.WARNING}
    assert {each.kind for each in alarms()} == {"channel", "distribution", "security group"}
    since = {each.kind: each.since for each in alarms()}
    shown.settle()
    assert {each.kind: each.since for each in alarms()} == since
    give_back(shown, taken)
    shown.settle()
    assert alarms() == []
    for row in (channel(), Distribution.objects.get(), SecurityGroup.objects.get()):
        assert (row.error_code, row.handed_over_at) == ("", None)


def test_others_delete_what_they_took_over_and_the_rows_go(shown: WorldUnderTest) -> None:
    (taken,) = hand_over(shown, "ml_channel")
    stage.delete(shown)
    shown.settle()
    assert_handed_over(channel())
    shown.control.console("medialive", "delete_channel", id=taken.aws_id)
    settle_with_reaper(shown)
    assert not Channel.objects.exists()


def test_an_unreadable_mark_deletes_nothing(shown: WorldUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    for operation in ("medialive:Describe*", "medialive:List*"):
        shown.control.fault(operation, "access_denied", times=None)
    stage.delete(shown)
    for _ in range(6):
        shown.step_all()
        shown.observe()
    assert "medialive:DeleteChannel" not in writes(shown)
    assert channel().error_code == "AccessDeniedException"


# --- on air ----------------------------------------------------------------------------------


@pytest.fixture
def show(world: WorldUnderTest) -> WorldUnderTest:
    """A breakout on air, whose stack was just given away."""
    stage.with_show(world)
    world.settle()
    hand_over(world)
    world.control.clear_calls()
    world.settle()
    return world


def test_on_air_it_is_an_alarm_only(show: WorldUnderTest) -> None:
    assert (medialive_state(show), stage.breakout().state) == ("RUNNING", "running")
    assert writes(show) == {}
    assert_handed_over(channel())
    by_kind = {each.kind: each for each in alarms()}
    assert by_kind["channel"].severity is by_kind["distribution"].severity is Severity.CRITICAL
    assert by_kind["channel"].action == "Stop"


def test_a_service_cannot_stop_what_others_may_use_and_a_person_who_types_its_id_can(
    show: WorldUnderTest, as_role: Any
) -> None:
    stage.stop(show)
    show.settle()
    assert (medialive_state(show), stage.breakout().state) == ("RUNNING", "stopping")
    assert_handed_over(channel())
    client = as_role("operator")
    page = client.get(f"/admin/channels_app/breakout/{stage.breakout().pk}/change/").content.decode()
    assert "No longer marked as StreamHub" in page
    url = f"/admin/channels_app/breakout/{stage.breakout().pk}/do/stop/"
    aws_id = channel().ml_channel_id
    page = client.get(url).content.decode()
    assert f'Type <code class="sh-code">{aws_id}</code> to confirm' in page
    for typed in ({}, {"typed": "stage"}):
        client.post(url, typed)
        show.settle()
        assert medialive_state(show) == "RUNNING"
    client.post(url, {"typed": aws_id})
    show.settle()
    assert (medialive_state(show), stage.breakout().state) == ("IDLE", "completed")
    assert writes(show) == {"medialive:StopChannel": 1}
    assert channel().stop_confirmed_id == ""
    assert_handed_over(channel())


def test_staff_stop_a_show_that_was_given_away(show: WorldUnderTest, as_role: Any) -> None:
    url = f"/admin/channels_app/breakout/{stage.breakout().pk}/do/stop/"
    as_role("operator").post(url, {"typed": channel().ml_channel_id})
    show.settle()
    assert (medialive_state(show), stage.breakout().state) == ("IDLE", "completed")
    assert writes(show) == {"medialive:StopChannel": 1}


def test_staff_stop_a_channel_that_was_given_away_and_runs_without_a_breakout(
    shown: WorldUnderTest, as_role: Any
) -> None:
    hand_over(shown)
    shown.settle()
    shown.control.console("medialive", "start_channel", id=channel().ml_channel_id)
    shown.settle()
    assert medialive_state(shown) == "RUNNING"
    url = f"/admin/channels_app/channel/{channel().pk}/do/stop/"
    client: Client = as_role("operator")
    client.post("/admin/channels_app/channel/bulk/stop/", {"_selected_action": [channel().pk]})
    shown.settle()
    assert medialive_state(shown) == "RUNNING"
    client.post(url, {"typed": channel().ml_channel_id})
    shown.settle()
    assert medialive_state(shown) == "IDLE"
    assert writes(shown) == {"medialive:StopChannel": 1}


def test_a_show_that_ends_in_others_hands_ends_when_they_stop_it(show: WorldUnderTest) -> None:
    stage.stop(show)
    show.settle()
    show.control.console("medialive", "stop_channel", id=channel().ml_channel_id)
    show.settle()
    assert stage.breakout().state == "completed"


def test_a_mark_back_during_the_show_lets_it_be_stopped(world: WorldUnderTest) -> None:
    stage.with_show(world)
    world.settle()
    taken = hand_over(world)
    world.settle()
    assert_handed_over(channel())
    give_back(world, taken)
    world.settle()
    assert (channel().error_code, alarms()) == ("", [])
    stage.stop(world)
    world.settle()
    assert (medialive_state(world), stage.breakout().state) == ("IDLE", "completed")


def test_a_stop_is_sent_although_the_mark_cannot_be_read(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    stage.with_show(world)
    world.settle()
    for operation in ("medialive:Describe*", "medialive:List*"):
        world.control.fault(operation, "access_denied", times=None)
    stage.stop(world)
    world.step_all()
    assert world.counts()["medialive:StopChannel"] == 1


def test_a_start_is_not_sent_to_what_others_own(shown: WorldUnderTest) -> None:
    hand_over(shown, "ml_channel")
    shown.settle()
    row = services.breakout_create(channel(), "keynote", who=stage.WHO)
    services.breakout_start(row, who=stage.WHO)
    shown.settle()
    assert "medialive:StartChannel" not in writes(shown)
    assert Breakout.objects.get().state == "starting"
    assert_handed_over(channel())


# --- at once -----------------------------------------------------------------------------------


def test_many_deletions_share_the_lists_that_read_the_marks(world: WorldUnderTest) -> None:
    for n in range(6):
        services.channel_create(f"stage {n}", who=stage.WHO, allowed_cidrs=["203.0.113.7/32"])
    world.settle()
    world.control.clear_calls()
    for row in Channel.objects.all():
        services.channel_delete(row, who=stage.WHO)
    world.settle()
    assert not Channel.objects.exists()
    counts = world.counts()
    assert counts["medialive:DeleteChannel"] == counts["mediapackage:DeleteOriginEndpoint"] == 6
    assert counts.get("mediapackage:DescribeOriginEndpoint", 0) < 6


def test_every_kind_is_covered(world: WorldUnderTest) -> None:
    stage.with_channel(world)
    assert {held.kind for held in hand_over(world)} == set(KINDS)
