"""Recordings: which breakout a file belongs to, listing, and files of a deleted channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from channels_app import services
from channels_app.models import Breakout, Channel
from distributions.models import Distribution
from recordings import listing as recordings
from recordings.models import BucketListing, Recording
from recordings.sessions import Session, belongs, run_started
from recordings.tasks import list_recordings
from streamhub.alerts.rules import Condition, sources
from streamhub.aws.s3 import ObjectInfo
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.lifecycle.models import Job
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest, own_aws

BUCKET = "streamhub-recordings"


def at(minute: float) -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(minutes=minute)


def key(started: datetime, uid: str = "u1", number: int = 0) -> str:
    return f"{uid}/{started:%Y%m%dT%H%M%S}/main_archive.{number:06}.m2ts"


TABLE = [
    # run started, file closed, session began and ended, whether the file belongs to the session
    (0, 5, (0, 9), True),
    (0, 9.5, (0, 9), True),  # the last file, closed after the stop was accepted
    (0, 5, (0, None), True),  # the session still runs
    (20, 25, (0, 9), False),  # the next run of the same channel
    (-20, -15, (0, 9), False),  # an earlier run
    (-20, 3, (0, 9), True),  # kept warm: the run began with an earlier breakout
    (-20, 13, (0, 9), True),  # the file in which the session ended
    (-20, 18, (0, 9), False),  # written by a warm channel after the session
]


@pytest.mark.parametrize(("started", "closed", "session", "expected"), TABLE)
def test_a_file_belongs_to_every_session_it_overlaps(
    started: float, closed: float, session: tuple[float, float | None], expected: bool
) -> None:
    item = ObjectInfo(key(at(started)), 1, at(closed), None)
    began, ended = session
    assert belongs(item, "u1", Session(at(began), None if ended is None else at(ended))) is expected


@pytest.mark.parametrize("key", ["u2/20260301T120000/x.m2ts", "u1/x.m2ts", "u1/notes/x.m2ts", "u1", ""])
def test_a_key_of_another_shape_belongs_to_no_run(key: str) -> None:
    assert run_started(key, "u1") is None


@pytest.fixture
def bucket(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    settings.RECORDING_BUCKET = BUCKET
    location = {"LocationConstraint": "eu-central-1"}
    world.session.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    return world


def completed_breakout(world: WorldUnderTest, channel: Channel, name: str) -> Breakout:
    """A breakout that has run and is completed."""
    row = services.breakout_create(channel, name, who=TESTER)
    services.breakout_start(row, who=TESTER)
    world.settle(lambda: Breakout.objects.get(pk=row.pk).state == "running")
    services.breakout_stop(row, who=TESTER)
    world.settle()
    row.refresh_from_db()
    assert row.state == "completed"
    return row


def recording_channel(world: WorldUnderTest, *, record: bool = True) -> Channel:
    row = services.channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"], record=record)
    world.settle()
    return row


def test_a_recorded_breakout_has_its_files_and_keeps_them_when_its_channel_is_gone(
    bucket: WorldUnderTest,
) -> None:
    channel = recording_channel(bucket)
    breakout = completed_breakout(bucket, channel, "keynote")
    list_recordings()
    (file,) = breakout.recordings.all()
    assert file.key.startswith(f"{breakout.channel_uid}/")
    assert file.size_bytes > 0
    services.channel_delete(channel, who=TESTER)
    bucket.settle()
    assert not Channel.objects.exists()
    list_recordings()
    assert Recording.objects.get() == file


def test_listing_again_writes_nothing_twice(bucket: WorldUnderTest) -> None:
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    assert recordings.list_files(breakout) == recordings.list_files(breakout) == 1
    assert Recording.objects.count() == 1


def test_a_channel_that_does_not_record_is_not_listed(bucket: WorldUnderTest) -> None:
    completed_breakout(bucket, recording_channel(bucket, record=False), "keynote")
    list_recordings()
    assert "s3:ListObjectsV2" not in bucket.counts()


def shift(breakout: Breakout, **ago: float) -> Breakout:
    """Move the breakout into the past."""
    span = timedelta(**ago)
    for column in ("session_started_at", "session_ended_at", "state_since"):
        setattr(breakout, column, getattr(breakout, column) - span)
    breakout.save()
    for attachment in breakout.attachments.all():
        attachment.started_at -= span
        attachment.ended_at = attachment.ended_at and attachment.ended_at - span
        attachment.save()
    return breakout


def listing_of(breakout: Breakout) -> BucketListing:
    return BucketListing.objects.get(breakout=breakout)


def retry_now() -> None:
    """Let the wait after a failure pass."""
    BucketListing.objects.update(not_before=None)


def error_of(breakout: Breakout) -> tuple[str, bool]:
    breakout.refresh_from_db()
    return breakout.error_code, breakout.error_needs_person


def alarms() -> list[Condition]:
    return [each for source in sources() for each in source.current() if each.rule.startswith("recordings_")]


def outcome() -> str:
    return Job.objects.get(name="list_recordings").outcome


def test_a_breakout_is_listed_until_a_list_read_late_enough_after_its_end(bucket: WorldUnderTest) -> None:
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    list_recordings()
    assert recordings.due() == [breakout]
    breakout.refresh_from_db()
    shift(breakout, minutes=7)
    assert recordings.due() == [breakout]
    list_recordings()
    assert recordings.due() == []
    assert error_of(breakout) == ("", False)


def test_workers_that_were_down_for_forty_minutes_after_the_stop_lose_nothing(bucket: WorldUnderTest) -> None:
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    bucket.session.client("s3").list_objects_v2(Bucket=BUCKET)  # the file is written
    move_objects(bucket, breakout, minutes=40)
    list_recordings()
    assert Recording.objects.filter(breakout=breakout).count() == 1
    assert (recordings.due(), alarms()) == ([], [])


def move_objects(world: WorldUnderTest, breakout: Breakout, **ago: float) -> None:
    """Move a breakout and its files into the past, as if nobody had listed them since."""
    shift(breakout, **ago)
    span = timedelta(**ago)
    handle = own_aws().handle

    def move() -> None:
        from moto.s3.models import s3_backends

        backend = s3_backends[handle.aws.account.world.account]["aws"]
        keys = backend.buckets[BUCKET].keys
        for key in list(keys):
            (item,) = keys.getlist(key)
            item.last_modified -= span
            uid, started, name = key.split("/")
            moved = datetime.strptime(started, recordings.STARTED_FORMAT) - span
            item.name = f"{uid}/{moved:{recordings.STARTED_FORMAT}}/{name}"
            del keys[key]
            keys[item.name] = item

    handle.run(move)


def test_a_bucket_denied_for_half_an_hour_after_the_stop_is_listed_once_it_is_allowed(
    bucket: WorldUnderTest,
) -> None:
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    bucket.session.client("s3").list_objects_v2(Bucket=BUCKET)
    bucket.control.fault("s3:ListObjectsV2", "access_denied", times=None)
    list_recordings()
    move_objects(bucket, breakout, minutes=31)
    retry_now()
    list_recordings()
    assert not Recording.objects.exists()
    assert error_of(breakout) == ("recordings_unread", True)
    assert "s3:ListBucket" in breakout.error_hint
    (alarm,) = alarms()
    assert (alarm.rule, alarm.object_id, alarm.since) == (
        "recordings_unread",
        str(breakout.pk),
        listing_of(breakout).wrong_since,
    )
    bucket.control.clear_faults()
    retry_now()
    list_recordings()
    assert Recording.objects.filter(breakout=breakout).count() == 1
    assert error_of(breakout) == ("", False)
    assert (alarms(), recordings.due()) == ([], [])


def test_a_bucket_that_refuses_is_asked_seldom_and_for_ever(bucket: WorldUnderTest) -> None:
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    bucket.control.fault("s3:ListObjectsV2", "access_denied", times=None)
    list_recordings()
    asked = bucket.counts()["s3:ListObjectsV2"]
    for _ in range(5):
        list_recordings()
    assert bucket.counts()["s3:ListObjectsV2"] == asked
    waits = []
    for _ in range(12):
        retry_now()
        list_recordings()
        waits.append((listing_of(breakout).not_before - database_now()).total_seconds())  # type: ignore[operator]
    assert waits[0] < 100 < 230 < waits[-1] <= 300
    shift(breakout, days=30)
    retry_now()
    assert recordings.due() == [breakout]


def test_one_refusing_bucket_is_not_asked_for_every_breakout(bucket: WorldUnderTest) -> None:
    on = rows.channel(record=True)
    now = database_now()
    shows = [
        rows.breakout("completed", on, recorded=True, session_started_at=now, session_ended_at=now)
        for _ in range(20)
    ]
    bucket.control.fault("s3:ListObjectsV2", "access_denied", times=None)
    list_recordings()
    assert bucket.control.faults()[0]["done"] == recordings.GIVE_UP_AFTER_REFUSALS
    assert outcome() == "20 breakouts, 0 files, 20 could not be listed"
    assert {error_of(show) for show in shows} == {("recordings_unread", True)}


def test_one_throttle_is_no_error_and_a_lasting_one_is(bucket: WorldUnderTest) -> None:
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    bucket.control.fault("s3:ListObjectsV2", "throttle", times=None)
    list_recordings()
    assert (error_of(breakout), alarms()) == (("", False), [])
    for _ in range(2):
        retry_now()
        list_recordings()
    assert error_of(breakout) == ("recordings_unread", False)
    assert len(alarms()) == 1


def test_what_medialive_may_not_write_is_said(bucket: WorldUnderTest, as_role: Any) -> None:
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    empty_bucket(bucket)
    list_recordings()
    assert error_of(breakout) == ("", False)  # its file may still be written
    breakout.refresh_from_db()
    shift(breakout, minutes=10)
    list_recordings()
    assert error_of(breakout) == ("recordings_missing", True)
    assert "s3:PutObject" in breakout.error_hint
    (alarm,) = alarms()
    assert alarm.rule == "recordings_missing"
    page = page_of(as_role("viewer"), breakout)
    assert "has no file of it" in page
    assert "No file has been written yet" not in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "days", "shown"),
    [
        ("recordings_missing", 29, True),
        ("recordings_missing", 31, False),
        ("recordings_unread", 31, True),
    ],
)
def test_what_is_looked_for_no_more_is_an_alarm_for_thirty_days(code: str, days: int, shown: bool) -> None:
    breakout = rows.breakout("completed", recorded=True)
    since = database_now() - timedelta(days=days)
    BucketListing.objects.create(breakout=breakout, wrong_since=since, error_code=code, error_message="No.")
    assert [alarm.rule for alarm in alarms()] == [code] * shown
    of_row = [each for source in sources() for each in source.of_row.get(Breakout, lambda row: [])(breakout)]
    assert [alarm.rule for alarm in of_row if alarm.rule == code] == [code] * shown


def empty_bucket(world: WorldUnderTest) -> None:
    """Take the written files away, as if MediaLive had not been allowed to write them."""
    client = world.session.client("s3")
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])


def test_a_bucket_that_is_not_named_any_more_is_an_error(bucket: WorldUnderTest, settings: Any) -> None:
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    settings.RECORDING_BUCKET = ""
    list_recordings()
    assert error_of(breakout)[0] == "recordings_unread"
    assert "RECORDING_BUCKET is not set" in breakout.error_message


def test_a_breakout_that_failed_on_air_is_listed_too(bucket: WorldUnderTest) -> None:
    channel = recording_channel(bucket)
    services.breakout_start(services.breakout_create(channel, "keynote", who=TESTER), who=TESTER)
    bucket.settle(lambda: Breakout.objects.get().state == "running")
    channel.refresh_from_db()
    bucket.control.console("medialive", "delete_channel", id=channel.ml_channel_id)
    bucket.settle()
    breakout = Breakout.objects.get()
    assert (breakout.state, breakout.error_code) == ("failed", "deleted_outside")
    list_recordings()
    assert breakout.recordings.count() == 1
    assert error_of(breakout)[0] == "deleted_outside"


def test_a_breakout_that_was_proven_is_listed_again_when_it_runs_again(bucket: WorldUnderTest) -> None:
    breakout = shift(completed_breakout(bucket, recording_channel(bucket), "keynote"), minutes=10)
    list_recordings()
    assert recordings.due() == []
    now = database_now()
    Breakout.objects.update(session_started_at=now, session_ended_at=now, state_since=now)
    assert recordings.due() == [breakout]


PROOFS = [
    # state, stop accepted and over at these minutes, list begun at this one, whether it proves all files
    ("running", None, 0, 60, False),
    ("stopping", 0, 0, 60, False),
    ("completed", 0, 1, 5, False),
    ("completed", 0, 1, 6, True),
    ("completed", 0, 20, 20.5, False),  # the encoder took long to stop
    ("completed", 0, 20, 21, True),
    ("failed", None, 0, 5, False),
    ("failed", None, 0, 6, True),
]


@pytest.mark.parametrize(("state", "stopped", "over", "listed", "expected"), PROOFS)
def test_a_list_is_proof_only_late_enough_after_the_end(
    state: str, stopped: float | None, over: float, listed: float, expected: bool
) -> None:
    ended = None if stopped is None else at(stopped)
    breakout = Breakout(state=state, session_ended_at=ended, state_since=at(over))
    assert recordings.proves(at(listed), breakout) is expected


def recorded_breakout(channel: Channel, **fields: Any) -> Breakout:
    row = rows.breakout("completed", channel, **fields)
    Recording.objects.create(
        breakout=row, key=key(at(0), row.channel_uid), size_bytes=187_500_000, modified_at=at(5)
    )
    return row


def test_the_page_shows_each_file_with_its_url_on_the_mediamanager_domain(
    as_role: Any,
    settings: Any,
) -> None:
    settings.MEDIAMANAGER_DISTRIBUTION_ID = "E3FEGSC0PV886G"
    Distribution.objects.create(
        aws_distribution_id="E3FEGSC0PV886G",
        domain_name="d1.cloudfront.net",
        protected=True,
        attached=False,
    )
    breakout = recorded_breakout(rows.channel(record=True))
    page = page_of(as_role("viewer"), breakout)
    url = f"https://d1.cloudfront.net/{key(at(0), breakout.channel_uid)}"
    assert f'data-sh-copy="{url}"' in page
    assert "187,500,000 bytes" in page


def test_without_a_mediamanager_the_page_shows_keys_and_the_reason(as_role: Any) -> None:
    page = page_of(as_role("viewer"), recorded_breakout(rows.channel(record=True)))
    assert "No MediaManager distribution is known" in page


def test_a_long_recording_is_summed_up_and_listed_page_by_page(as_role: Any) -> None:
    breakout = recorded_breakout(rows.channel(record=True))
    other = recorded_breakout(rows.channel(name="Other", record=True))
    for number in range(1, 61):
        Recording.objects.create(
            breakout=breakout,
            key=f"{breakout.channel_uid}/{number:05}.m2ts",
            size_bytes=1000,
            modified_at=at(5 + number),
        )
    viewer = as_role("viewer")
    page = page_of(viewer, breakout)
    assert "61 files" in page
    assert "187,560,000 bytes" in page
    assert "These are the newest 5" in page
    assert page.count(".m2ts</code>") == 5
    listed = viewer.get("/admin/recordings/recording/", {"breakout": breakout.pk, "p": 2})
    names = [row.key for row in listed.context["cl"].result_list]
    assert len(names) == 11
    assert not any(other.channel_uid in name for name in names)


def test_a_breakout_that_was_not_recorded_has_no_recordings_panel(as_role: Any) -> None:
    assert "Recordings" not in page_of(as_role("viewer"), rows.breakout("completed", rows.channel()))


def page_of(client: Client, row: Breakout) -> str:
    response = client.get(f"/admin/channels_app/breakout/{row.pk}/change/")
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_says_what_is_gone_and_has_no_link_to_it(as_role: Any, settings: Any) -> None:
    settings.MEDIAMANAGER_DISTRIBUTION_ID = "E3FEGSC0PV886G"
    Distribution.objects.create(
        aws_distribution_id="E3FEGSC0PV886G", domain_name="d1.cloudfront.net", protected=True, attached=False
    )
    breakout = recorded_breakout(rows.channel(record=True))
    Recording.objects.update(gone_at=at(60))
    viewer = as_role("viewer")
    page = page_of(viewer, breakout)
    listed = viewer.get("/admin/recordings/recording/").content.decode()
    assert "1 file is gone from the bucket" in page
    assert "187,500,000 bytes" not in page.partition("gone from the bucket")[0]
    for text in (page, listed):
        assert key(at(0), breakout.channel_uid) in text
        assert f"https://d1.cloudfront.net/{breakout.channel_uid}" not in text


# --- from where it is listed ---------------------------------------------------------------


@pytest.fixture
def lists(bucket: WorldUnderTest, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What ListObjectsV2 is asked, without the bucket's name."""
    asked: list[dict[str, Any]] = []
    call = current_session().call

    def noted(service: str, operation: str, **params: Any) -> Any:
        if operation == "ListObjectsV2":
            asked.append({key: value for key, value in params.items() if key != "Bucket"})
        return call(service, operation, **params)

    monkeypatch.setattr(current_session(), "call", noted)
    return asked


def test_a_list_begins_where_the_last_one_was_settled_and_the_proof_reads_all(
    bucket: WorldUnderTest,
    lists: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recordings, "WRITING", timedelta(0))
    monkeypatch.setattr(recordings, "ROLLOVER", timedelta(0))
    monkeypatch.setattr(recordings, "proves", lambda listed_at, breakout: False)
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    uid = breakout.channel_uid
    recordings.list_files(breakout)
    key = Recording.objects.get().key
    recordings.list_files(breakout)
    monkeypatch.setattr(recordings, "proves", lambda listed_at, breakout: True)
    recordings.list_files(breakout)
    assert lists == [{"Prefix": f"{uid}/"}, {"Prefix": f"{uid}/", "StartAfter": key}, {"Prefix": f"{uid}/"}]
    assert Recording.objects.get().key == key


def test_a_file_that_appears_before_the_last_key_is_found(
    bucket: WorldUnderTest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recordings, "proves", lambda listed_at, breakout: False)
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    recordings.list_files(breakout)
    key = Recording.objects.get().key
    late = key.replace("main_archive.000000", "main_archive.-00000")
    assert late < key
    bucket.session.client("s3").put_object(Bucket=BUCKET, Key=late, Body=b"x")
    recordings.list_files(breakout)
    assert set(Recording.objects.values_list("key", flat=True)) == {late, key}


def test_runs_that_were_over_before_the_session_are_not_listed_again(
    bucket: WorldUnderTest,
    lists: list[dict[str, Any]],
) -> None:
    channel = recording_channel(bucket)
    first = completed_breakout(bucket, channel, "first")
    recordings.list_files(first)
    run = Recording.objects.get().key.rpartition("/")[0]
    session = Session(datetime(2199, 1, 1, tzinfo=UTC), None)
    assert recordings._floor(first.channel_uid, session) == run
    session = Session(datetime(2000, 1, 1, tzinfo=UTC), None)
    assert recordings._floor(first.channel_uid, session) == ""
