"""What AWS has: every resource of the six lists as one kind of value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from channels_app.driver.parts import live, package
from distributions.driver import cloudfront
from streamhub.aws.cloudfront import DistributionInfo
from streamhub.aws.medialive import ChannelInfo, InputInfo, SecurityGroupInfo
from streamhub.aws.mediapackage import EndpointInfo
from streamhub.aws.ownership import Mark, mark_of_tags, parse_comment


class ResourceKind(StrEnum):
    """The six kinds of AWS resources; the value goes into keys and tables, `words` to people."""

    DISTRIBUTION = "distribution"
    ML_CHANNEL = "ml_channel"
    INPUT = "ml_input"
    GROUP = "security_group"
    ENDPOINT = "mp_endpoint"
    MP_CHANNEL = "mp_channel"

    @property
    def words(self) -> str:
        return WORDS[self]


WORDS = {
    ResourceKind.DISTRIBUTION: "CloudFront distribution",
    ResourceKind.ML_CHANNEL: "MediaLive channel",
    ResourceKind.INPUT: "MediaLive input",
    ResourceKind.GROUP: "MediaLive input security group",
    ResourceKind.ENDPOINT: "MediaPackage endpoint",
    ResourceKind.MP_CHANNEL: "MediaPackage channel",
}


@dataclass(frozen=True)
class Found:
    """One AWS resource. `facts` are what a row may have an opinion on; `going`: AWS is deleting it.

    `tags` is None where the list does not tell them (distributions: there the Comment has the mark).
    """

    kind: ResourceKind
    aws_id: str
    mark: Mark
    facts: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    going: bool = False


def of_distribution(info: DistributionInfo) -> Found:
    facts = {"enabled": str(info.enabled), "origin": ", ".join(info.origin_domains)}
    return Found(ResourceKind.DISTRIBUTION, info.id, parse_comment(info.comment), facts)


def of_ml_channel(info: ChannelInfo) -> Found:
    facts = {"state": info.state, "class": info.channel_class}
    return _tagged(ResourceKind.ML_CHANNEL, info, facts, going=info.state == "DELETING")


def of_input(info: InputInfo) -> Found:
    facts = {"type": info.type, "ingest URLs": ", ".join(info.dest_urls)}
    return _tagged(ResourceKind.INPUT, info, facts, going=info.state == "DELETING")


def of_group(info: SecurityGroupInfo) -> Found:
    return _tagged(ResourceKind.GROUP, info, {"CIDRs": ",".join(sorted(info.cidrs))})


def of_endpoint(info: EndpointInfo) -> Found:
    return _tagged(ResourceKind.ENDPOINT, info, {"URL": info.url})


def of_mp_channel(info: Any) -> Found:
    return _tagged(ResourceKind.MP_CHANNEL, info, {})


def _tagged(kind: ResourceKind, info: Any, facts: Mapping[str, str], *, going: bool = False) -> Found:
    return Found(kind, info.id, mark_of_tags(info.tags), facts, info.tags, going)


# Per kind: the pages of its complete list, and how an item becomes `Found`.
LISTS: dict[ResourceKind, tuple[Callable[[], Iterable[Any]], Callable[[Any], Found]]] = {
    ResourceKind.DISTRIBUTION: (lambda: cloudfront().pages(), of_distribution),
    ResourceKind.ML_CHANNEL: (lambda: live().channel_pages(), of_ml_channel),
    ResourceKind.INPUT: (lambda: live().input_pages(), of_input),
    ResourceKind.GROUP: (lambda: live().security_group_pages(), of_group),
    ResourceKind.ENDPOINT: (lambda: package().endpoint_pages(), of_endpoint),
    ResourceKind.MP_CHANNEL: (lambda: package().channel_pages(), of_mp_channel),
}


def read_list(kind: ResourceKind) -> Iterator[Found]:
    """Everything of one kind in the account (one call a page). Raises `AwsError`: then nothing is known."""
    pages, value = LISTS[kind]
    for page in pages():
        for info in page.items:
            if not getattr(info, "gone", False):
                yield value(info)
