"""Recordings: which breakout a file belongs to, listing, and files of a deleted channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_app import services
from channels_app.models import Breakout, Channel
from distributions.models import Distribution
from recordings import listing as recordings
from recordings.listing import Session, belongs, run_started
from recordings.models import Recording
from recordings.tasks import list_recordings
from streamhub.aws.s3 import ObjectInfo
from streamhub.lifecycle.models import Job
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

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


def test_a_breakout_that_ended_long_ago_is_not_listed(bucket: WorldUnderTest) -> None:
    breakout = completed_breakout(bucket, recording_channel(bucket), "keynote")
    assert recordings.due() == [breakout]
    long_ago = timezone.now() - recordings.LISTED_FOR * 2
    Breakout.objects.update(session_started_at=long_ago, session_ended_at=long_ago)
    assert recordings.due() == []


def test_a_bucket_that_cannot_be_read_is_reported_and_listed_again(bucket: WorldUnderTest) -> None:
    completed_breakout(bucket, recording_channel(bucket), "keynote")
    bucket.control.fault("s3:ListObjectsV2", "access_denied")
    list_recordings()
    assert Job.objects.get(name="list_recordings").outcome == "1 breakout, 0 files, 1 could not be listed"
    list_recordings()
    assert Recording.objects.count() == 1


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


def test_a_breakout_that_was_not_recorded_has_no_recordings_panel(as_role: Any) -> None:
    assert "Recordings" not in page_of(as_role("viewer"), rows.breakout("completed", rows.channel()))


def page_of(client: Client, row: Breakout) -> str:
    response = client.get(f"/admin/channels_app/breakout/{row.pk}/change/")
    assert response.status_code == 200
    return response.content.decode()
