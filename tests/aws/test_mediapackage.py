"""Requests to MediaPackage, and the results from its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from streamhub.aws.mediapackage import ChannelInfo, EndpointInfo, MediaPackage
from streamhub.aws.session import AwsSession
from streamhub.errors import NotFound, QuotaExceeded, Refused
from tests.aws.stubs import meta

ARN = "arn:aws:mediapackage:eu-central-1:111122223333:channels/1"
URL = "https://abc.mediapackage.eu-central-1.amazonaws.com/out/v1/0f/index.m3u8"
CHANNEL = {"Id": "c1", "Arn": ARN, "Tags": {"a": "1"}}
ENDPOINT = {"Id": "e1", "ChannelId": "c1", "Arn": ARN, "Url": URL, "Tags": {"a": "1"}}


@pytest.fixture
def mediapackage(session: AwsSession) -> MediaPackage:
    return MediaPackage(session)


@pytest.fixture
def stubber(stub: Callable[..., Stubber]) -> Stubber:
    return stub("mediapackage")


def test_create_channel_sends_our_id(mediapackage: MediaPackage, stubber: Stubber) -> None:
    stubber.add_response(
        "create_channel", CHANNEL | meta(), {"Id": "c1", "Description": "Stage", "Tags": {"a": "1"}}
    )
    assert mediapackage.create_channel("c1", "Stage", {"a": "1"}) == ChannelInfo(
        "c1", ARN, {"a": "1"}, "req-1"
    )


def test_a_taken_id_is_refused(mediapackage: MediaPackage, stubber: Stubber) -> None:
    stubber.add_client_error("create_channel", "UnprocessableEntityException", "taken", 422)
    with pytest.raises(Refused, match="taken"):
        mediapackage.create_channel("c1", "", {})


def test_a_full_region_is_a_quota(mediapackage: MediaPackage, stubber: Stubber) -> None:
    stubber.add_client_error("create_channel", "TooManyRequestsException", "Channel limit reached", 429)
    with pytest.raises(QuotaExceeded):
        mediapackage.create_channel("c1", "", {})


def test_create_endpoint_packages_hls_with_a_startover_window(
    mediapackage: MediaPackage, stubber: Stubber
) -> None:
    sent: dict[str, Any] = {}
    stubber.add_response("create_origin_endpoint", ENDPOINT | meta())
    client = mediapackage._session.client("mediapackage")
    client.meta.events.register("provide-client-params", lambda params, **_: sent.update(params))
    info = mediapackage.create_endpoint("e1", "c1", 86400, 6, {"a": "1"})
    assert info == EndpointInfo("e1", "c1", URL, ARN, {"a": "1"}, "req-1")
    assert (sent["Id"], sent["ChannelId"], sent["ManifestName"], sent["Tags"]) == (
        "e1",
        "c1",
        "index",
        {"a": "1"},
    )
    assert sent["StartoverWindowSeconds"] == 86400
    assert sent["HlsPackage"]["SegmentDurationSeconds"] == 6


@pytest.mark.parametrize(
    ("settings", "closed_by"),
    [
        ({}, ""),
        ({"Origination": "ALLOW", "Whitelist": []}, ""),
        ({"Origination": "DENY"}, "Origination is DENY"),
        ({"Whitelist": ["192.0.2.0/24", "10.0.0.0/8"]}, "Whitelist is 192.0.2.0/24, 10.0.0.0/8"),
        (
            {"Origination": "DENY", "Whitelist": ["192.0.2.0/24"]},
            "Origination is DENY, Whitelist is 192.0.2.0/24",
        ),
    ],
)
def test_an_endpoint_says_what_closes_it(
    mediapackage: MediaPackage, stubber: Stubber, settings: dict[str, Any], closed_by: str
) -> None:
    stubber.add_response("describe_origin_endpoint", ENDPOINT | settings | meta(), {"Id": "e1"})
    assert mediapackage.describe_endpoint("e1").closed_by == closed_by


def test_describe_reads_channel_and_endpoint(mediapackage: MediaPackage, stubber: Stubber) -> None:
    stubber.add_response("describe_channel", CHANNEL | meta(), {"Id": "c1"})
    stubber.add_response("describe_origin_endpoint", ENDPOINT | meta(), {"Id": "e1"})
    assert mediapackage.describe_channel("c1").arn == ARN
    assert mediapackage.describe_endpoint("e1").url == URL


def test_what_is_missing_is_not_found(mediapackage: MediaPackage, stubber: Stubber) -> None:
    stubber.add_client_error("describe_channel", "NotFoundException", "no", 404)
    with pytest.raises(NotFound):
        mediapackage.describe_channel("c1")


def test_delete_returns_the_request_id(mediapackage: MediaPackage, stubber: Stubber) -> None:
    stubber.add_response("delete_origin_endpoint", meta("req-2"), {"Id": "e1"})
    stubber.add_response("delete_channel", meta("req-3"), {"Id": "c1"})
    assert mediapackage.delete_endpoint("e1") == "req-2"
    assert mediapackage.delete_channel("c1") == "req-3"


def test_pages_follow_the_token(mediapackage: MediaPackage, stubber: Stubber) -> None:
    stubber.add_response(
        "list_channels", {"Channels": [CHANNEL], "NextToken": "t"} | meta(), {"MaxResults": 100}
    )
    stubber.add_response("list_channels", {"Channels": []} | meta(), {"MaxResults": 100, "NextToken": "t"})
    first, second = mediapackage.channel_pages()
    assert [item.id for item in first.items] == ["c1"]
    assert (first.next, second.items, second.last) == ("t", (), True)


def test_endpoints_can_be_listed_for_one_channel(mediapackage: MediaPackage, stubber: Stubber) -> None:
    stubber.add_response(
        "list_origin_endpoints",
        {"OriginEndpoints": [ENDPOINT]} | meta(),
        {"MaxResults": 100, "ChannelId": "c1"},
    )
    (page,) = mediapackage.endpoint_pages(channel_id="c1")
    assert page.items[0].url == URL
