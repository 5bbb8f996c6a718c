"""Recordings: which files an archive output writes, and when they are visible."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator import picture
from emulator.archive import NULL_PACKET
from emulator.server import Handle
from tests.emulator.clients import ClientFactory

from .stack import make_encoder

BITS = 5_128_000  # video and audio of the best rendition


@pytest.fixture
def s3(client: ClientFactory) -> Any:
    return client("s3")


def run_encoder(
    aws: Handle, client: ClientFactory, archive: str | None, channel_class: str = "SINGLE_PIPELINE"
) -> str:
    """Start a channel; returns its id."""
    client("mediapackage").create_channel(Id="main")
    aws.control.durations(medialive_create=0, medialive_start=0, medialive_stop=0)
    channel_id = make_encoder(client, "main", archive, channel_class)
    client("medialive").start_channel(ChannelId=channel_id)
    aws.control.advance(0)
    return channel_id


def listed(s3: Any, bucket: str = "recordings") -> list[dict[str, Any]]:
    return s3.list_objects_v2(Bucket=bucket).get("Contents", [])


def test_a_file_appears_at_each_rollover_under_the_start_time(
    aws: Handle, client: ClientFactory, s3: Any
) -> None:
    started = datetime.now(UTC)
    run_encoder(aws, client, "s3ssl://recordings/uid/$dt$/main")
    assert listed(s3) == []
    aws.control.advance(650)
    files = listed(s3)
    matches = [re.fullmatch(r"uid/(\d{8}T\d{6})/main_archive\.(\d{6})\.m2ts", file["Key"]) for file in files]
    assert [match and match[2] for match in matches] == ["000000", "000001"]
    moment = datetime.strptime(matches[0][1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)  # type: ignore[index]
    assert abs(moment - started) < timedelta(seconds=5)
    assert all(0 <= BITS * 300 // 8 - file["Size"] < 188 for file in files)
    assert (
        timedelta(seconds=299) < files[1]["LastModified"] - files[0]["LastModified"] <= timedelta(seconds=301)
    )


def test_stopping_closes_the_last_file_and_the_next_run_writes_beside_it(
    aws: Handle, client: ClientFactory, s3: Any
) -> None:
    channel_id = run_encoder(aws, client, "s3ssl://recordings/uid/$dt$/main")
    aws.control.advance(310)
    client("medialive").stop_channel(ChannelId=channel_id)
    sizes = [file["Size"] for file in listed(s3)]
    assert len(sizes) == 2
    assert 0.9 * BITS * 10 / 8 < sizes[1] < 1.5 * BITS * 10 / 8
    aws.control.advance(1000)
    assert [file["Size"] for file in listed(s3)] == sizes


def test_a_standard_channel_records_each_pipeline(aws: Handle, client: ClientFactory, s3: Any) -> None:
    run_encoder(aws, client, "s3ssl://recordings/uid/main", "STANDARD")
    aws.control.advance(301)
    keys = [file["Key"] for file in listed(s3)]
    assert keys == ["uid/main-0_archive.000000.m2ts", "uid/main-1_archive.000000.m2ts"]


def test_a_channel_without_an_archive_output_writes_nothing(
    aws: Handle, client: ClientFactory, s3: Any
) -> None:
    run_encoder(aws, client, None)
    aws.control.advance(1000)
    assert listed(s3) == []
    assert aws.control.inventory()["archive"]["recordings"] == []


def test_a_recording_can_be_read_and_deleted(aws: Handle, client: ClientFactory, s3: Any) -> None:
    channel_id = run_encoder(aws, client, "s3ssl://recordings/uid/main")
    aws.control.advance(1)
    client("medialive").stop_channel(ChannelId=channel_id)
    (file,) = listed(s3)
    head = s3.head_object(Bucket="recordings", Key=file["Key"])
    assert (head["ContentLength"], head["ETag"]) == (file["Size"], file["ETag"])
    body = s3.get_object(Bucket="recordings", Key=file["Key"])["Body"].read()
    assert (len(body), body[0], body[188]) == (file["Size"], 0x47, 0x47)
    s3.delete_object(Bucket="recordings", Key=file["Key"])
    assert listed(s3) == []


def test_files_without_a_bucket_are_lost_and_counted(aws: Handle, client: ClientFactory, s3: Any) -> None:
    run_encoder(aws, client, "s3ssl://nowhere/uid/main")
    aws.control.advance(650)
    assert listed(s3) == []
    (recording,) = aws.control.inventory()["archive"]["recordings"]
    assert (recording["files"], recording["lost"]) == (0, 2)
    archive: Any = aws.world.services["archive"]
    assert archive.alerts == 2


def test_rollovers_are_in_aws_seconds(aws: Handle, client: ClientFactory, s3: Any) -> None:
    aws.control.reset(scale=0.001)
    run_encoder(aws, client, "s3ssl://recordings/uid/main")
    aws.control.advance(901)
    assert len(listed(s3)) >= 3
    (recording,) = aws.control.inventory()["archive"]["recordings"]
    assert recording["files"] < 30


def test_at_scale_0_only_the_stop_closes_a_file(aws: Handle, client: ClientFactory, s3: Any) -> None:
    aws.control.reset(scale=0)
    channel_id = run_encoder(aws, client, "s3ssl://recordings/uid/main")
    assert listed(s3) == []
    client("medialive").stop_channel(ChannelId=channel_id)
    assert len(listed(s3)) == 1


def test_reset_discards_recordings(aws: Handle, client: ClientFactory, s3: Any) -> None:
    run_encoder(aws, client, "s3ssl://recordings/uid/main")
    aws.control.advance(301)
    assert len(listed(s3)) == 1
    aws.control.reset()
    assert listed(s3) == []


def test_a_recording_holds_the_pieces_that_players_got(aws: Handle, client: ClientFactory, s3: Any) -> None:
    run_encoder(aws, client, "s3ssl://recordings/uid/main")
    aws.control.advance(301)
    (file,) = listed(s3)
    content = s3.get_object(Bucket="recordings", Key=file["Key"])["Body"].read()
    assert len(content) == file["Size"]
    at = 0
    for piece in picture.pattern().pieces * 2:
        assert content[at : at + len(piece)] == piece
        at += BITS * 2 // 8 // 188 * 188
        assert content[at - 188 : at] == NULL_PACKET


def test_a_recording_without_an_input_is_black(aws: Handle, client: ClientFactory, s3: Any) -> None:
    run_encoder(aws, client, "s3ssl://recordings/uid/main")
    (made,) = client("medialive").list_inputs()["Inputs"]
    aws.control.console("medialive", "unplug", id=made["Id"])
    aws.control.advance(301)
    content = s3.get_object(Bucket="recordings", Key=listed(s3)[0]["Key"])["Body"].read()
    assert picture.pattern().pieces[5] not in content
    assert content.count(picture.black().pieces[5]) == 13  # in twelve and a half loops
