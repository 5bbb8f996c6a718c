"""What a show needs: each check is ok, not ok with its fix, or could not be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from channels_app import services
from channels_app.driver import recording_bucket
from channels_app.models import Breakout, Channel, RecordingBucket, SecurityGroup
from channels_app.readiness import Check, readiness
from channels_app.tasks import check_recording_bucket
from distributions.models import Distribution
from streamhub.clock import database_now
from streamhub.lifecycle.models import Job
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import channel as the_channel
from tests.scenarios.world import WorldUnderTest

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def checks(breakout: Breakout) -> dict[str, Check]:
    row = Breakout.objects.select_related("channel__distribution", "channel__security_group").get(
        pk=breakout.pk
    )
    return {check.name: check for check in readiness(row).checks}


def wrong(breakout: Breakout) -> dict[str, bool | None]:
    return {name: check.ok for name, check in checks(breakout).items() if not check.ok}


@pytest.fixture
def at() -> datetime:
    return database_now().replace(second=0, microsecond=0) + timedelta(days=2)


@pytest.fixture
def show(world: WorldUnderTest, stage: Channel) -> Breakout:
    return services.breakout_create(stage, "keynote", who=TESTER)


def test_a_show_on_a_new_channel_is_ready_with_all_of_its_checks(show: Breakout) -> None:
    found = checks(show)
    assert list(found) == [
        "channel",
        "channel_error",
        "channel_free",
        "input_attached",
        "allowed_cidrs",
        "receiving",
        "distribution",
        "distribution_enabled",
        "distribution_deployed",
        "settings",
        "quota",
    ]
    assert wrong(show) == {"receiving": None}  # a push input does not listen yet
    assert readiness(show).ready


# --- other shows ---------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("begins", "minutes", "ok", "said"),
    [
        (-30, 60, False, "in the same time"),
        (59, 30, False, "in the same time"),
        (60, 30, True, "within the hour after it"),
        (-60, 60, True, "within the hour before it"),
        (119, 30, True, "within the hour after it"),
        (120, 30, True, "No other show"),
        (-120, 60, True, "No other show"),
        (-119, 60, True, "within the hour before it"),
        (-30 - 24 * 60, 25 * 60, False, "in the same time"),
    ],
    ids=[
        "into-it",
        "out-of-it",
        "follows",
        "before",
        "59-after",
        "hour-after",
        "hour-before",
        "59-before",
        "long",
    ],
)
def test_another_show_near_this_one(at: datetime, begins: int, minutes: int, ok: bool, said: str) -> None:
    on = rows.channel()
    show = rows.breakout(channel=on, starts_at=at, duration_minutes=60)
    rows.breakout(channel=on, name="other", starts_at=at + begins * MINUTE, duration_minutes=minutes)
    rows.breakout(starts_at=at)  # on another channel
    rows.breakout("cancelled", on, starts_at=at)
    check = checks(show)["other_show"]
    assert check.ok is ok
    assert said in check.detail
    assert ("'other'" in check.detail) is ("No other" not in check.detail)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "begun", "minutes", "ok"),
    [
        ("running", 20, 40, True),
        ("running", 20, 50, True),
        ("running", 20, 51, False),  # it reaches into this one
        ("running", 20, 15, False),  # it should be over by now: who knows when it ends
        ("running", 20, None, False),
        ("starting", 1, 20, True),
    ],
    ids=["ends-before", "ends-at-its-start", "overlaps", "overruns", "without-an-end", "starts"],
)
def test_the_talk_before_it_leaves_the_channel_free_if_it_ends_in_time(
    state: str, begun: int, minutes: int | None, ok: bool
) -> None:
    on, now = rows.channel("running"), database_now()
    times = {"starts_at": now - begun * MINUTE, "session_started_at": now - begun * MINUTE}
    rows.breakout(state, on, name="the talk before", duration_minutes=minutes, **times)
    show = rows.breakout(on=on, starts_at=now + 30 * MINUTE, duration_minutes=60)
    check = checks(show)["channel_free"]
    assert (check.ok, "'the talk before'" in check.detail) == (ok, True)
    assert checks(rows.breakout(on=on))["channel_free"].ok is False  # it has no start that is ahead


@pytest.mark.django_db
def test_a_show_without_a_time_has_no_neighbours() -> None:
    assert "other_show" not in checks(rows.breakout())


# --- the channel and what is attached -------------------------------------------------------------


def test_the_channels_error_is_said_with_its_hint(show: Breakout) -> None:
    Channel.objects.update(**rows.ERROR)
    check = checks(show)["channel_error"]
    assert (check.ok, check.detail) == (False, "Rate exceeded. StreamHub continues automatically.")
    Channel.objects.update(error_operation="medialive:DescribeChannel")
    assert checks(show)["channel_error"].ok is None


def test_settings_that_are_outdated_are_not_ready(show: Breakout) -> None:
    Distribution.objects.update(settings_applied="{}")
    Channel.objects.update(settings_applied="{}")
    check = checks(show)["settings"]
    assert check.ok is False
    assert "Apply settings" in check.detail


def test_the_input_that_medialive_reads(show: Breakout) -> None:
    assert checks(show)["input_attached"].ok
    Channel.objects.update(attached_inputs=["9999999"])
    check = checks(show)["input_attached"]
    assert check.ok is False
    assert "9999999" in check.detail
    Channel.objects.update(attached_inputs=[])
    assert checks(show)["input_attached"].ok is None
    Channel.objects.update(ml_input_id="")
    assert checks(show)["input_attached"].ok is False


def test_who_may_push(show: Breakout) -> None:
    assert "203.0.113" in checks(show)["allowed_cidrs"].detail
    SecurityGroup.objects.update(rules="198.51.100.0/24")
    check = checks(show)["allowed_cidrs"]
    assert check.ok is False
    assert "198.51.100.0/24" in check.detail
    SecurityGroup.objects.update(rules="", state="failed", error_message="No room.")
    assert "is failed. No room." in checks(show)["allowed_cidrs"].detail
    Channel.objects.update(edits_pending=["allowed_cidrs"])
    assert "does not have the change" in checks(show)["allowed_cidrs"].detail
    Channel.objects.update(edits_pending=[], security_group=None)
    assert checks(show)["allowed_cidrs"].ok is False
    Channel.objects.update(input_type="URL_PULL")
    assert "allowed_cidrs" not in checks(show)


# --- quotas --------------------------------------------------------------------------------------


def test_room_to_run_and_for_a_distribution(show: Breakout, settings: Any) -> None:
    assert checks(show)["quota"].ok
    settings.AWS_QUOTAS = "cloudfront:distributions=1"
    from streamhub.quotas.models import Quota

    Quota.objects.update(limit=None)
    check = checks(show)["quota"]
    assert check.ok
    assert "would wait for room" in check.detail
    Channel.objects.update(distribution=None)
    check = checks(show)["quota"]
    assert check.ok is False
    assert "Raise the quota" in check.detail
    settings.MAX_RUNNING_CHANNELS = 0
    assert "MAX_RUNNING_CHANNELS" in checks(show)["quota"].detail


@pytest.mark.django_db
def test_room_that_was_never_counted_is_not_known() -> None:
    assert checks(rows.breakout())["quota"].ok is None


# --- the bucket ----------------------------------------------------------------------------------


@pytest.fixture
def recorded(show: Breakout, settings: Any) -> Breakout:
    settings.RECORDING_BUCKET = "recordings-of-readiness"
    Channel.objects.update(record=True)
    return show


def test_a_bucket_is_looked_at_without_writing(world: WorldUnderTest, recorded: Breakout) -> None:
    assert checks(recorded)["recording_bucket"].ok is None  # not looked at yet
    check_recording_bucket()
    missing = checks(recorded)["recording_bucket"]
    assert missing.ok is False
    assert "There is no bucket recordings-of-readiness" in missing.detail


def test_the_role_is_simulated(world: WorldUnderTest, recorded: Breakout, settings: Any) -> None:
    location = {"LocationConstraint": "eu-central-1"}
    client = world.session.client("s3")
    client.create_bucket(Bucket=settings.RECORDING_BUCKET, CreateBucketConfiguration=location)
    role = {"Role": settings.MEDIALIVE_ROLE_ARN, "Action": recording_bucket.ACTION}
    check_recording_bucket()
    check = checks(recorded)["recording_bucket"]
    assert (check.ok, check.observed_at is not None) == (True, True)
    for explicit, said in ((False, "no policy allows it"), (True, "a policy denies it")):
        world.control.console("iam", "deny", explicit=explicit, **role)
        check_recording_bucket()
        check = checks(recorded)["recording_bucket"]
        assert check.ok is False
        assert said in check.detail
    world.control.console("iam", "allow", **role)
    world.control.fault("iam:SimulatePrincipalPolicy", "access_denied")
    check_recording_bucket()
    check = checks(recorded)["recording_bucket"]
    assert check.ok is None
    assert "could not be read" in check.detail
    assert not [call for call in world.counts() if call.startswith("s3:Put")]


def test_a_look_that_is_too_old_is_not_known(recorded: Breakout) -> None:
    RecordingBucket.objects.create(
        name="recordings-of-readiness", writable=True, detail="", checked_at=database_now() - 24 * HOUR
    )
    assert checks(recorded)["recording_bucket"].ok is None


def test_no_call_is_made_while_nothing_records(world: WorldUnderTest, show: Breakout, settings: Any) -> None:
    before = world.counts().get("s3:ListObjectsV2", 0)
    check_recording_bucket()
    assert world.counts().get("s3:ListObjectsV2", 0) == before
    assert Job.objects.get(name="check_recording_bucket").outcome == "no channel records"
    assert the_channel().record is False
    assert "recording_bucket" not in checks(show)


def test_a_channel_that_records_without_a_bucket_is_not_ready(recorded: Breakout, settings: Any) -> None:
    settings.RECORDING_BUCKET = ""
    assert checks(recorded)["recording_bucket"].ok is False
