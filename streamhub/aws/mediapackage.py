"""MediaPackage v1: channels and their HLS origin endpoints (AWS_RULES 12 to 14).

Page: "AWS Elemental MediaPackage REST API reference".

The caller chooses the ids, and they make a create idempotent. A 422 on create means that the id is taken
or that the input is wrong: after `Refused`, describe the id to find out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses
from typing import Any

from streamhub.aws.paging import ListPage, pages_of
from streamhub.aws.session import AwsSession

PAGE_SIZE = 100
PLAYLIST_SECONDS = 60  # the length of a viewer's playlist


@dataclass(frozen=True)
class ChannelInfo:
    """A MediaPackage channel, which receives MediaLive's output."""

    id: str
    arn: str
    tags: Mapping[str, str]
    request_id: str | None


@dataclass(frozen=True)
class Authorization:
    """CDN authorization: an endpoint answers only who sends the value in this secret (ARNs; AWS_RULES 36)."""

    secret: str
    role: str

    def params(self) -> dict[str, Any]:
        return {"Authorization": {"CdnIdentifierSecret": self.secret, "SecretsRoleArn": self.role}}


@dataclass(frozen=True)
class EndpointInfo:
    """An origin endpoint; `url` is the HLS playlist that CloudFront pulls.

    `closed_by`: the settings that keep CloudFront out although we never set them, as AWS's names and values
    ("" if there are none). `authorization`: who may read it, None: everybody.
    """

    id: str
    channel_id: str
    url: str
    arn: str
    tags: Mapping[str, str]
    request_id: str | None
    closed_by: str = ""
    authorization: Authorization | None = None


class MediaPackage:
    """Channels and origin endpoints of one AWS session. Each method is one call."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def create_channel(self, id: str, description: str, tags: Mapping[str, str]) -> ChannelInfo:
        """CreateChannel.

        Raises Refused (422) if the id is taken or the input is wrong; QuotaExceeded at the region's limit.
        """
        return self._channel("CreateChannel", Id=id, Description=description, Tags=dict(tags))

    def describe_channel(self, id: str) -> ChannelInfo:
        """DescribeChannel. Raises NotFound."""
        return self._channel("DescribeChannel", Id=id)

    def delete_channel(self, id: str) -> str | None:
        """DeleteChannel. Returns the request id; the channel is gone only later (AWS_RULES 14).

        Raises Conflict while it has endpoints, NotFound.
        """
        return self._session.call("mediapackage", "DeleteChannel", Id=id)[1]

    def channel_pages(self, start: str | None = None) -> Iterator[ListPage[ChannelInfo]]:
        """ListChannels, all channels of the region."""

        def fetch(token: str | None) -> tuple[tuple[ChannelInfo, ...], str | None, str | None]:
            response, request_id = self._session.call("mediapackage", "ListChannels", **_page_params(token))
            items = tuple(_channel_info(item, request_id) for item in response.get("Channels", []))
            return items, response.get("NextToken"), request_id

        return pages_of(fetch, start)

    def create_endpoint(
        self,
        id: str,
        channel_id: str,
        startover_seconds: int,
        segment_seconds: int,
        tags: Mapping[str, str],
        authorization: Authorization | None = None,
    ) -> EndpointInfo:
        """CreateOriginEndpoint with an HLS package. Harvesting needs `startover_seconds` > 0 (AWS_RULES 21).

        Raises Refused (422) if the id is taken or the input is wrong.
        """
        settings = _endpoint_settings(startover_seconds, segment_seconds, authorization)
        return self._endpoint(
            "CreateOriginEndpoint", Id=id, ChannelId=channel_id, Tags=dict(tags), **settings
        )

    def update_endpoint(
        self,
        id: str,
        startover_seconds: int,
        segment_seconds: int,
        authorization: Authorization | None = None,
    ) -> EndpointInfo:
        """UpdateOriginEndpoint: the settings of `create_endpoint` again, from all addresses.

        Without `authorization` it is open to everybody. Raises Refused (422), NotFound.
        """
        settings = _endpoint_settings(startover_seconds, segment_seconds, authorization)
        return self._endpoint("UpdateOriginEndpoint", Id=id, Whitelist=[], **settings)

    def describe_endpoint(self, id: str) -> EndpointInfo:
        """DescribeOriginEndpoint. Raises NotFound."""
        return self._endpoint("DescribeOriginEndpoint", Id=id)

    def delete_endpoint(self, id: str) -> str | None:
        """DeleteOriginEndpoint. Returns the request id; gone only later (AWS_RULES 14). Raises NotFound."""
        return self._session.call("mediapackage", "DeleteOriginEndpoint", Id=id)[1]

    def endpoint_pages(
        self, start: str | None = None, channel_id: str | None = None
    ) -> Iterator[ListPage[EndpointInfo]]:
        """ListOriginEndpoints, all endpoints of the region or of one channel."""
        filters = {"ChannelId": channel_id} if channel_id else {}

        def fetch(token: str | None) -> tuple[tuple[EndpointInfo, ...], str | None, str | None]:
            response, request_id = self._session.call(
                "mediapackage", "ListOriginEndpoints", **filters, **_page_params(token)
            )
            items = tuple(_endpoint_info(item, request_id) for item in response.get("OriginEndpoints", []))
            return items, response.get("NextToken"), request_id

        return pages_of(fetch, start)

    def change_tags(self, arn: str, tags: Mapping[str, str], removed: Sequence[str]) -> str | None:
        """TagResource, then UntagResource if keys are to be removed. Both can be repeated.

        Returns the last request id. Raises NotFound, Refused.
        """
        session, keys = self._session, list(removed)
        request_id = session.call("mediapackage", "TagResource", ResourceArn=arn, Tags=dict(tags))[1]
        if keys:
            request_id = session.call("mediapackage", "UntagResource", ResourceArn=arn, TagKeys=keys)[1]
        return request_id

    def _channel(self, operation: str, **params: Any) -> ChannelInfo:
        return _channel_info(*self._session.call("mediapackage", operation, **params))

    def _endpoint(self, operation: str, **params: Any) -> EndpointInfo:
        return _endpoint_info(*self._session.call("mediapackage", operation, **params))


def _page_params(token: str | None) -> dict[str, Any]:
    return {"MaxResults": PAGE_SIZE} | ({"NextToken": token} if token else {})


def _endpoint_settings(
    startover_seconds: int, segment_seconds: int, authorization: Authorization | None
) -> dict[str, Any]:
    return {
        **(authorization.params() if authorization else {}),
        "ManifestName": "index",
        "Origination": "ALLOW",
        "StartoverWindowSeconds": startover_seconds,
        "TimeDelaySeconds": 0,
        "HlsPackage": _hls(segment_seconds),
    }


def _hls(segment_seconds: int) -> dict[str, Any]:
    """The HLS package: all rungs, best first, a minute of playlist."""
    return {
        "SegmentDurationSeconds": segment_seconds,
        "PlaylistWindowSeconds": PLAYLIST_SECONDS,
        "PlaylistType": "NONE",
        "ProgramDateTimeIntervalSeconds": 60,
        "AdMarkers": "NONE",
        "IncludeIframeOnlyStream": False,
        "UseAudioRenditionGroup": False,
        "StreamSelection": {"StreamOrder": "VIDEO_BITRATE_DESCENDING"},
    }


def _channel_info(channel: Mapping[str, Any], request_id: str | None) -> ChannelInfo:
    return ChannelInfo(channel["Id"], channel["Arn"], dict(channel.get("Tags") or {}), request_id)


def _endpoint_info(endpoint: Mapping[str, Any], request_id: str | None) -> EndpointInfo:
    return EndpointInfo(
        id=endpoint["Id"],
        channel_id=endpoint["ChannelId"],
        url=endpoint.get("Url", ""),
        arn=endpoint["Arn"],
        tags=dict(endpoint.get("Tags") or {}),
        request_id=request_id,
        closed_by=_closed_by(endpoint),
        authorization=_authorization(endpoint.get("Authorization")),
    )


def _authorization(given: Mapping[str, str] | None) -> Authorization | None:
    return Authorization(given["CdnIdentifierSecret"], given["SecretsRoleArn"]) if given else None


def _closed_by(endpoint: Mapping[str, Any]) -> str:
    """What keeps CloudFront out: origination denied, or a list of allowed addresses."""
    reasons = []
    if endpoint.get("Origination", "ALLOW") != "ALLOW":
        reasons.append(f"Origination is {endpoint['Origination']}")
    if (cidrs := endpoint.get("Whitelist")) and not _lets_everybody_in(cidrs):
        reasons.append(f"Whitelist is {', '.join(cidrs)}")
    return ", ".join(reasons)


def _lets_everybody_in(cidrs: Sequence[str]) -> bool:
    """Whether they are all addresses together, which is what no list at all means."""
    networks = collapse_addresses(IPv4Network(cidr, strict=False) for cidr in cidrs if ":" not in cidr)
    return any(network.prefixlen == 0 for network in networks)
