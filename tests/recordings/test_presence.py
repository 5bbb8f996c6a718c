"""Files that were deleted from the bucket: gone by a complete list, and back when somebody puts them back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recordings import presence
from recordings.models import BucketListing, Recording
from recordings.tasks import list_recordings
from streamhub.aws.s3 import S3
from streamhub.clock import database_now
from streamhub.lifecycle.models import Job
from tests.scenarios import rows
from tests.scenarios.world import WorldUnderTest

BUCKET = "streamhub-recordings"
LIST = "s3:ListObjectsV2"
OLD = timedelta(days=30)


@pytest.fixture
def bucket(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    settings.RECORDING_BUCKET = BUCKET
    location = {"LocationConstraint": "eu-central-1"}
    world.session.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    return world


def put(world: WorldUnderTest, *keys: str) -> None:
    for key in keys:
        world.session.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"12345")


def delete(world: WorldUnderTest, *keys: str) -> None:
    for key in keys:
        world.session.client("s3").delete_object(Bucket=BUCKET, Key=key)


def proven(world: WorldUnderTest, name: str = "stage", files: int = 2, shows: int = 1) -> list[str]:
    """Breakouts of one channel, proven a month ago, with files that are in the bucket; returns the keys."""
    channel = rows.channel(name, record=True)
    then = database_now() - OLD
    keys = []
    for show in range(shows):
        row = rows.breakout(
            "completed", channel, recorded=True, session_started_at=then, session_ended_at=then
        )
        BucketListing.objects.create(
            breakout=row, bucket=BUCKET, proven_session=then, look_at=then + presence.LOOK_EVERY
        )
        for n in range(files):
            key = f"{row.channel_uid}/20260301T120000/main_archive.{show}{n:05}.m2ts"
            Recording.objects.create(breakout=row, key=key, size_bytes=5, modified_at=then)
            keys.append(key)
    put(world, *keys)
    return keys


def gone() -> list[str]:
    return list(Recording.objects.filter(gone_at__isnull=False).order_by("key").values_list("key", flat=True))


def due_again() -> None:
    BucketListing.objects.update(look_at=database_now() - timedelta(seconds=1))


def job() -> Job:
    return Job.objects.get(name="list_recordings")


def test_what_was_deleted_is_gone_once_a_list_lacks_it(bucket: WorldUnderTest) -> None:
    first, second = proven(bucket)
    list_recordings()
    assert gone() == []
    delete(bucket, first)
    list_recordings()
    assert gone() == []  # a day has not passed
    due_again()
    before = database_now()
    list_recordings()
    assert gone() == [first]
    row = Recording.objects.get(key=first)
    assert row.gone_at is not None
    assert before <= row.gone_at <= database_now()
    assert list(Recording.objects.stored().values_list("key", flat=True)) == [second]
    assert job().outcome.endswith("looked again at channels: 1, files gone: 1")


def test_what_is_put_back_is_back(bucket: WorldUnderTest) -> None:
    first, _second = proven(bucket)
    delete(bucket, first)
    list_recordings()
    Recording.objects.filter(key=first).update(gone_at=database_now() - timedelta(days=3))
    put(bucket, first)
    due_again()
    list_recordings()
    assert gone() == []
    row = Recording.objects.get(key=first)
    assert row.back_at is not None
    assert abs(row.back_at - database_now()) < timedelta(minutes=1)
    assert row.modified_at < database_now() - timedelta(days=29)


@pytest.mark.parametrize("error", ["access_denied", "throttle"])
def test_a_list_that_fails_says_nothing_and_is_tried_again(bucket: WorldUnderTest, error: str) -> None:
    keys = proven(bucket)
    delete(bucket, *keys)
    bucket.control.fault(LIST, error, times=None)
    list_recordings()
    assert gone() == []
    assert "could not be looked" in job().error
    asked = bucket.counts()[LIST]
    list_recordings()
    assert bucket.counts()[LIST] == asked
    bucket.control.clear_faults()
    due_again()
    list_recordings()
    assert gone() == sorted(keys)


def test_a_list_that_ends_in_the_middle_says_nothing(
    bucket: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    proven(bucket)
    listed = S3.list_objects

    def broken(self: S3, *args: Any) -> Any:
        yield next(iter(listed(self, *args)))
        raise presence.AwsError("the second page failed")

    monkeypatch.setattr(S3, "list_objects", broken)
    list_recordings()
    assert gone() == []


def test_a_bucket_that_is_not_the_current_one_is_looked_at_itself(
    bucket: WorldUnderTest, settings: Any
) -> None:
    proven(bucket)
    settings.RECORDING_BUCKET = "another"
    list_recordings()
    assert gone() == []
    assert "files gone: 0" in job().outcome


def test_a_channel_is_listed_once_for_all_its_shows_and_a_day_long_no_more(bucket: WorldUnderTest) -> None:
    proven(bucket, shows=5)
    list_recordings()
    assert bucket.counts()[LIST] == 1
    list_recordings()
    assert bucket.counts()[LIST] == 1
    assert {listing.look_at > database_now() + timedelta(hours=23) for listing in listings()} == {True}


def test_a_channel_of_which_nothing_is_left_is_looked_at_weekly(bucket: WorldUnderTest) -> None:
    delete(bucket, *proven(bucket))
    list_recordings()
    assert {listing.look_at > database_now() + timedelta(days=6) for listing in listings()} == {True}


def listings() -> list[Any]:
    return list(BucketListing.objects.all())


def test_one_run_looks_at_a_few_channels_and_the_next_at_others(
    bucket: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "MOST_CHANNELS", 2)
    for n in range(3):
        proven(bucket, f"stage {n}", files=1)
    list_recordings()
    assert bucket.counts()[LIST] == 2
    list_recordings()
    list_recordings()
    assert bucket.counts()[LIST] == 3


def test_a_file_closed_while_the_list_is_read_is_not_gone(bucket: WorldUnderTest) -> None:
    keys = proven(bucket)
    delete(bucket, *keys)
    Recording.objects.filter(key=keys[0]).update(modified_at=database_now())
    list_recordings()
    assert gone() == [keys[1]]
