"""The embedded MediaPackage follows AWS_RULES 12 to 14."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.base import Clock, Refusal, World
from emulator.mediapackage import MediaPackage
from emulator.server import Handle

HLS: dict[str, Any] = {"SegmentDurationSeconds": 4, "PlaylistWindowSeconds": 120}


@pytest.fixture
def world() -> World:
    return World(clock=Clock(scale=1.0))


@pytest.fixture
def mp(world: World) -> MediaPackage:
    return MediaPackage(world)


def endpoint(mp: MediaPackage, key: str = "main-hls", channel: str = "main", **more: Any) -> dict[str, Any]:
    return mp.create_origin_endpoint({"Id": key, "ChannelId": channel, "HlsPackage": HLS, **more})


def pass_time(world: World, seconds: float = 60) -> None:
    world.clock.advance(seconds)
    world.settle()


@contextmanager
def refused(code: str, status: int) -> Iterator[pytest.ExceptionInfo[Refusal]]:
    with pytest.raises(Refusal) as caught:
        yield caught
    assert (caught.value.code, caught.value.status) == (code, status)


def test_channel_has_two_ingest_endpoints_with_credentials(mp: MediaPackage) -> None:
    channel = mp.create_channel({"Id": "main", "Description": "Hall 1", "Tags": {"a": "b"}})
    ingest = channel["HlsIngest"]["IngestEndpoints"]
    assert len({ingest_endpoint["Url"] for ingest_endpoint in ingest}) == 2
    assert all(ingest_endpoint["Username"] and ingest_endpoint["Password"] for ingest_endpoint in ingest)
    assert channel["Tags"] == {"a": "b"}
    assert mp.describe_channel({"Id": "main"}) == channel


def test_a_taken_channel_id_is_422_even_with_identical_parameters(mp: MediaPackage) -> None:
    mp.create_channel({"Id": "main"})
    with refused("UnprocessableEntityException", 422):
        mp.create_channel({"Id": "main"})


@pytest.mark.parametrize("key", ["", "with space", "dot.ted", "ümlaut", None, "x" * 257])
def test_channel_id_with_other_characters_is_422(mp: MediaPackage, key: str | None) -> None:
    with refused("UnprocessableEntityException", 422):
        mp.create_channel({"Id": key})


def test_the_31st_channel_is_429_and_mentions_the_limit(mp: MediaPackage) -> None:
    for number in range(30):
        mp.create_channel({"Id": f"c{number}"})
    with refused("TooManyRequestsException", 429) as refusal:
        mp.create_channel({"Id": "one-too-many"})
    assert "limit" in refusal.value.message
    mp.console("set_quota", {"channels": 31})
    mp.create_channel({"Id": "one-too-many"})


def test_the_11th_endpoint_of_a_channel_is_429(mp: MediaPackage) -> None:
    mp.create_channel({"Id": "main"})
    for number in range(10):
        endpoint(mp, f"e{number}")
    with refused("TooManyRequestsException", 429):
        endpoint(mp, "e10")


def test_endpoint_url_is_a_playlist_on_the_origin_host(mp: MediaPackage) -> None:
    mp.create_channel({"Id": "main"})
    origin_endpoint = endpoint(mp, StartoverWindowSeconds=3600, Tags={"x": "y"})
    pattern = r"https://[0-9a-f]+\.mediapackage\.eu-central-1\.amazonaws\.com/out/v1/[0-9a-f]{32}/index\.m3u8"
    assert re.fullmatch(pattern, origin_endpoint["Url"])
    assert origin_endpoint["StartoverWindowSeconds"] == 3600
    assert origin_endpoint["HlsPackage"]["SegmentDurationSeconds"] == 4
    assert origin_endpoint["HlsPackage"]["PlaylistType"] == "NONE"
    assert mp.describe_origin_endpoint({"Id": "main-hls"}) == origin_endpoint


def test_a_taken_endpoint_id_is_422(mp: MediaPackage) -> None:
    mp.create_channel({"Id": "main"})
    endpoint(mp)
    with refused("UnprocessableEntityException", 422):
        endpoint(mp)


def test_endpoint_of_unknown_channel_is_404(mp: MediaPackage) -> None:
    with refused("NotFoundException", 404):
        endpoint(mp, channel="nowhere")


@pytest.mark.parametrize(
    "wrong",
    [
        {"HlsPackage": None},
        {"DashPackage": {}},
        {"HlsPackage": {"SegmentDurationSeconds": 0}},
        {"HlsPackage": {"SegmentDurationSeconds": 6, "PlaylistWindowSeconds": 5}},
        {"StartoverWindowSeconds": 14 * 86_400 + 1},
        {"TimeDelaySeconds": -1},
        {"ManifestName": "in dex"},
        {"Whitelist": ["everybody"]},
    ],
)
def test_invalid_endpoint_settings_are_422(mp: MediaPackage, wrong: dict[str, Any]) -> None:
    mp.create_channel({"Id": "main"})
    with refused("UnprocessableEntityException", 422):
        endpoint(mp, **wrong)


def test_an_update_replaces_the_settings_of_an_endpoint(mp: MediaPackage) -> None:
    mp.create_channel({"Id": "main"})
    before = endpoint(mp)
    hls = {"HlsPackage": {"SegmentDurationSeconds": 4}}
    denied = mp.update_origin_endpoint(
        {"Id": "main-hls", "Origination": "DENY", "Whitelist": ["10.0.0.0/8"], **hls}
    )
    assert (denied["Origination"], denied["Whitelist"]) == ("DENY", ["10.0.0.0/8"])
    after = mp.update_origin_endpoint({"Id": "main-hls", **hls})
    assert (after["Origination"], after["Whitelist"], after["HlsPackage"]["SegmentDurationSeconds"]) == (
        "ALLOW",
        [],
        4,
    )
    assert {key: after[key] for key in ("Url", "Arn", "ChannelId", "Tags")} == {
        key: before[key] for key in ("Url", "Arn", "ChannelId", "Tags")
    }


@pytest.mark.parametrize(
    "change", [{"HlsPackage": None}, {"ManifestName": "other"}, {"Whitelist": ["nowhere"]}, {"Id": "none"}]
)
def test_an_update_that_aws_refuses(mp: MediaPackage, change: dict[str, Any]) -> None:
    mp.create_channel({"Id": "main"})
    endpoint(mp)
    with pytest.raises(Refusal):
        mp.update_origin_endpoint({"Id": "main-hls", "HlsPackage": {}, **change})


def test_channel_with_endpoints_cannot_be_deleted(mp: MediaPackage, world: World) -> None:
    mp.create_channel({"Id": "main"})
    endpoint(mp)
    with refused("UnprocessableEntityException", 422):
        mp.delete_channel({"Id": "main"})
    mp.delete_origin_endpoint({"Id": "main-hls"})
    with refused("UnprocessableEntityException", 422):  # accepted, but not complete
        mp.delete_channel({"Id": "main"})
    pass_time(world)
    mp.delete_channel({"Id": "main"})


def test_a_deletion_is_complete_when_describe_answers_not_found(mp: MediaPackage, world: World) -> None:
    mp.create_channel({"Id": "main"})
    mp.delete_channel({"Id": "main"})
    mp.delete_channel({"Id": "main"})  # repeating it while pending is allowed
    assert mp.describe_channel({"Id": "main"})["Id"] == "main"
    pass_time(world)
    with refused("NotFoundException", 404):
        mp.describe_channel({"Id": "main"})
    with refused("NotFoundException", 404):
        mp.delete_channel({"Id": "main"})
    mp.create_channel({"Id": "main"})  # the id is free again


def test_channel_being_deleted_takes_no_new_endpoint_and_keeps_its_id(mp: MediaPackage) -> None:
    mp.create_channel({"Id": "main"})
    mp.delete_channel({"Id": "main"})
    with refused("UnprocessableEntityException", 422):
        endpoint(mp)
    with refused("UnprocessableEntityException", 422):
        mp.create_channel({"Id": "main"})
    assert not mp.has_channel("main")


def test_pages_of_a_list_stay_stable_during_deletions(mp: MediaPackage, world: World) -> None:
    for number in range(7):
        mp.create_channel({"Id": f"c{number}"})
    first = mp.list_channels({"MaxResults": 3})
    mp.delete_channel({"Id": "c1"})
    mp.delete_channel({"Id": "c4"})
    pass_time(world)
    second = mp.list_channels({"MaxResults": 3, "NextToken": first["NextToken"]})
    assert [channel["Id"] for channel in first["Channels"]] == ["c0", "c1", "c2"]
    assert [channel["Id"] for channel in second["Channels"]] == ["c3", "c5", "c6"]
    assert "NextToken" not in second


def test_invalid_page_token_is_422(mp: MediaPackage) -> None:
    with refused("UnprocessableEntityException", 422):
        mp.list_channels({"NextToken": "nonsense"})


def test_endpoints_can_be_listed_by_channel(mp: MediaPackage) -> None:
    mp.create_channel({"Id": "main"})
    mp.create_channel({"Id": "other"})
    endpoint(mp)
    endpoint(mp, "other-hls", "other")
    listed = mp.list_origin_endpoints({"ChannelId": "other"})["OriginEndpoints"]
    assert [item["Id"] for item in listed] == ["other-hls"]
    assert len(mp.list_origin_endpoints({})["OriginEndpoints"]) == 2
    assert mp.list_origin_endpoints({"ChannelId": "nowhere"})["OriginEndpoints"] == []


def test_inventory_shows_existing_resources_with_tags(mp: MediaPackage, world: World) -> None:
    mp.create_channel({"Id": "main", "Tags": {"a": "1"}})
    endpoint(mp)
    mp.delete_origin_endpoint({"Id": "main-hls"})
    inventory = mp.inventory()
    assert inventory["channels"][0]["tags"] == {"a": "1"}
    assert inventory["origin_endpoints"][0]["deleting"]
    pass_time(world)
    assert mp.inventory()["origin_endpoints"] == []


def test_the_console_deletes_a_channel_with_its_endpoints(mp: MediaPackage, world: World) -> None:
    mp.create_channel({"Id": "main"})
    endpoint(mp)
    mp.console("delete_channel", {"id": "main"})
    pass_time(world)
    assert mp.inventory() == {"channels": [], "origin_endpoints": []}


def test_the_console_deletes_a_channel_while_its_endpoint_is_being_deleted(
    mp: MediaPackage, world: World
) -> None:
    mp.create_channel({"Id": "main"})
    endpoint(mp)
    mp.console("delete_endpoint", {"id": "main-hls"})
    mp.console("delete_channel", {"id": "main"})
    pass_time(world)
    assert mp.inventory()["origin_endpoints"] == []


def test_the_console_creates_foreign_resources(mp: MediaPackage) -> None:
    channel = mp.console("create_foreign_channel", {})
    foreign = mp.console("create_foreign_endpoint", {"channel_id": channel["Id"]})
    assert foreign["ChannelId"] == channel["Id"]
    assert channel["Tags"] == {}


def test_unknown_console_action_is_refused(mp: MediaPackage) -> None:
    with refused("UnknownConsoleAction", 404):
        mp.console("paint_it_blue", {})


# Over HTTP, with boto3


@pytest.fixture
def mediapackage(aws: Handle, client: Any) -> Any:
    aws.control.scale(0.01)
    return client("mediapackage")


def test_boto3_creates_and_deletes_a_stack(mediapackage: Any) -> None:
    channel = mediapackage.create_channel(Id="main", Tags={"mark": "ours"})
    assert len(channel["HlsIngest"]["IngestEndpoints"]) == 2
    with pytest.raises(mediapackage.exceptions.UnprocessableEntityException, match="exists"):
        mediapackage.create_channel(Id="main")
    end = mediapackage.create_origin_endpoint(
        Id="hls", ChannelId="main", HlsPackage=HLS, StartoverWindowSeconds=60, Tags={"mark": "ours"}
    )
    assert mediapackage.describe_origin_endpoint(Id="hls")["Url"] == end["Url"]
    assert end["Tags"] == mediapackage.describe_channel(Id="main")["Tags"] == {"mark": "ours"}
    with pytest.raises(mediapackage.exceptions.UnprocessableEntityException):
        mediapackage.delete_channel(Id="main")
    accepted = mediapackage.delete_origin_endpoint(Id="hls")
    assert accepted["ResponseMetadata"]["HTTPStatusCode"] == 202
    gone(mediapackage, mediapackage.describe_origin_endpoint, "hls")
    mediapackage.delete_channel(Id="main")
    gone(mediapackage, mediapackage.describe_channel, "main")


def test_the_console_replaces_tags(aws: Handle, mediapackage: Any) -> None:
    mediapackage.create_channel(Id="main", Tags={"mark": "ours"})
    mediapackage.create_origin_endpoint(Id="main", ChannelId="main", HlsPackage=HLS, Tags={"mark": "ours"})
    aws.control.console("mediapackage", "set_channel_tags", id="main", tags={"team": "weather"})
    assert mediapackage.describe_channel(Id="main")["Tags"] == {"team": "weather"}
    assert mediapackage.describe_origin_endpoint(Id="main")["Tags"] == {"mark": "ours"}
    aws.control.console("mediapackage", "set_endpoint_tags", id="main", tags={})
    (listed,) = mediapackage.list_origin_endpoints()["OriginEndpoints"]
    assert listed.get("Tags", {}) == {}


def test_tags_are_added_and_removed(mediapackage: Any) -> None:
    channel = mediapackage.create_channel(Id="main", Tags={"team": "events", "cost": "1"})
    mediapackage.create_origin_endpoint(Id="hls", ChannelId="main", HlsPackage={})
    endpoint = mediapackage.describe_origin_endpoint(Id="hls")
    for made in (channel, endpoint):
        mediapackage.tag_resource(ResourceArn=made["Arn"], Tags={"team": "news"})
        mediapackage.untag_resource(ResourceArn=made["Arn"], TagKeys=["cost", "unknown"])
    assert mediapackage.describe_channel(Id="main")["Tags"] == {"team": "news"}
    assert mediapackage.describe_origin_endpoint(Id="hls")["Tags"] == {"team": "news"}
    with pytest.raises(ClientError, match="NotFoundException"):
        mediapackage.tag_resource(ResourceArn=f"{channel['Arn']}0", Tags={})


def gone(mediapackage: Any, describe: Any, key: str) -> None:
    for _ in range(100):
        try:
            describe(Id=key)
        except mediapackage.exceptions.NotFoundException:
            return
        time.sleep(0.01)
    pytest.fail(f"{key} is still there")


def test_boto3_paginates(mediapackage: Any) -> None:
    for number in range(5):
        mediapackage.create_channel(Id=f"c{number}")
    pages = mediapackage.get_paginator("list_channels").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["Channels"]) for page in pages] == [2, 2, 1]
