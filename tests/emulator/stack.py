"""A complete stack on the embedded AWS, created as the product does: packager, encoder, distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.server import Handle
from streamhub.aws.channel_request import ChannelSpec, channel_request
from streamhub.aws.distribution_config import DistributionSpec, distribution_config
from streamhub.aws.encoding import PROFILES
from tests.emulator.clients import ClientFactory, create_distribution

ROLE = "arn:aws:iam::111122223333:role/MediaLive"


@dataclass
class Stack:
    """The ids of a stack, and actions that tests need."""

    aws: Handle
    client: ClientFactory
    channel_id: str
    package_id: str
    endpoint_url: str
    distribution_id: str
    domain: str

    @property
    def url(self) -> str:
        """The playback URL."""
        return f"https://{self.domain}/" + self.endpoint_url.split("/", 3)[3]

    def start(self) -> None:
        """Start the encoder and skip the time until it runs."""
        self.client("medialive").start_channel(ChannelId=self.channel_id)
        self.aws.control.advance(100)

    def stop(self) -> None:
        """Stop the encoder and skip the time until it is idle."""
        self.client("medialive").stop_channel(ChannelId=self.channel_id)
        self.aws.control.advance(100)


def make_encoder(
    client: ClientFactory, package_id: str, archive: str | None = None, channel_class: str = "SINGLE_PIPELINE"
) -> str:
    """Start the creation of a MediaLive channel with an input of its own; returns its id."""
    medialive = client("medialive")
    source = {"Url": "https://example.com/live.m3u8"}
    sources = [source] * (2 if channel_class == "STANDARD" else 1)
    made: dict[str, Any] = medialive.create_input(Name=package_id, Type="URL_PULL", Sources=sources)
    spec = ChannelSpec(
        token=package_id,
        name=package_id,
        input_id=made["Input"]["Id"],
        mediapackage_channel_id=package_id,
        channel_class=channel_class,
        role_arn=ROLE,
        profile=PROFILES["1080p"],
        archive_destination=archive,
        tags={},
        input_type="URL_PULL",
    )
    return medialive.create_channel(**channel_request(spec))["Channel"]["Id"]


def make_stack(aws: Handle, client: ClientFactory, name: str = "main", key_group: str | None = None) -> Stack:
    """Create a deployed stack with an idle encoder."""
    packages = client("mediapackage")
    packages.create_channel(Id=name)
    endpoint = packages.create_origin_endpoint(Id=name, ChannelId=name, HlsPackage={})
    spec = DistributionSpec(
        caller_reference=name,
        comment="",
        origin_url=endpoint["Url"],
        price_class="PriceClass_100",
        response_headers_policy_id=None,
        key_group_id=key_group,
        tags={},
    )
    created = create_distribution(client("cloudfront"), distribution_config(spec))
    channel_id = make_encoder(client, name)
    aws.control.advance(500)
    distribution = created["Distribution"]
    return Stack(
        aws, client, channel_id, name, endpoint["Url"], distribution["Id"], distribution["DomainName"]
    )
