"""What AWS has: every resource of six lists as an `AwsResource`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from channels_app.driver import input_settings
from channels_app.driver.parts import live, package
from distributions.driver import cloudfront
from streamhub.aws.cloudfront import DistributionInfo
from streamhub.aws.medialive import ChannelInfo, InputInfo, SecurityGroupInfo
from streamhub.aws.mediapackage import EndpointInfo
from streamhub.aws.ownership import Mark, mark_of_tags, parse_comment
from streamhub.errors import Conflict


class ResourceKind(StrEnum):
    """The six kinds of AWS resources. The value goes into keys and tables, `label` is for people."""

    DISTRIBUTION = "distribution"
    ML_CHANNEL = "ml_channel"
    INPUT = "ml_input"
    GROUP = "security_group"
    ENDPOINT = "mp_endpoint"
    MP_CHANNEL = "mp_channel"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    ResourceKind.DISTRIBUTION: "CloudFront distribution",
    ResourceKind.ML_CHANNEL: "MediaLive channel",
    ResourceKind.INPUT: "MediaLive input",
    ResourceKind.GROUP: "MediaLive input security group",
    ResourceKind.ENDPOINT: "MediaPackage endpoint",
    ResourceKind.MP_CHANNEL: "MediaPackage channel",
}


@dataclass(frozen=True)
class AwsResource:
    """One AWS resource. `facts` are the values that a row is compared with.

    `tags` is None where the list has none: for distributions the mark is in the Comment (AWS_RULES 5), and
    tags are read one by one. `secret` are facts whose values are shown to nobody. `part`: of an input, which
    of its channel's two it is, as `Channel.PARTS` calls it.
    """

    kind: ResourceKind
    aws_id: str
    mark: Mark
    facts: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    being_deleted: bool = False
    secret: Mapping[str, str] = field(default_factory=dict)
    part: str = ""


def of_distribution(info: DistributionInfo) -> AwsResource:
    facts = {
        "enabled": str(info.enabled),
        "origin": ", ".join(info.origin_domains),
        "price class": info.price_class,
    }
    return AwsResource(ResourceKind.DISTRIBUTION, info.id, parse_comment(info.comment), facts)


def of_ml_channel(info: ChannelInfo) -> AwsResource:
    facts = {"state": info.state, "class": info.channel_class, "inputs": ", ".join(info.input_ids)}
    return _tagged(ResourceKind.ML_CHANNEL, info, facts, being_deleted=info.state == "DELETING")


def of_input(info: InputInfo) -> AwsResource:
    shown, secret = input_facts(input_settings.settings_of(info), info.dest_urls)
    facts = {"type": info.type, **shown}
    resource = _tagged(ResourceKind.INPUT, info, facts, being_deleted=info.state == "DELETING")
    return replace(resource, secret=secret, part=input_settings.slot_of(info).part.key)


def input_facts(settings: Mapping[str, Any], urls: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """An input's settings as facts, and those to keep secret.

    The URL of a source may hold a key. Whoever knows a stream name, which is in the ingest URLs, can push.
    """
    shown = {input_settings.NAME, input_settings.GROUPS} & settings.keys()
    facts = {name: settings[name] for name in sorted(shown)}
    facts |= {name: ", ".join(value) for name, value in facts.items() if isinstance(value, list)}
    return facts, {
        "ingest URLs": ", ".join(urls),
        input_settings.STREAMS: ", ".join(settings[input_settings.STREAMS]),
        input_settings.SOURCES: json.dumps(settings[input_settings.SOURCES], sort_keys=True),
    }


def of_group(info: SecurityGroupInfo) -> AwsResource:
    return _tagged(ResourceKind.GROUP, info, {"CIDRs": ",".join(sorted(info.cidrs))})


def of_endpoint(info: EndpointInfo) -> AwsResource:
    closed = info.authorization
    facts = {"URL": info.url, "CDN authorization": f"{closed.secret} {closed.role}" if closed else ""}
    return _tagged(ResourceKind.ENDPOINT, info, facts)


def of_mp_channel(info: Any) -> AwsResource:
    return _tagged(ResourceKind.MP_CHANNEL, info, {})


def _tagged(
    kind: ResourceKind, info: Any, facts: Mapping[str, str], *, being_deleted: bool = False
) -> AwsResource:
    return AwsResource(kind, info.id, mark_of_tags(info.tags), facts, info.tags, being_deleted)


# Per kind: the pages of its complete list, and the function that makes an item an `AwsResource`.
LISTS: dict[ResourceKind, tuple[Callable[[], Iterable[Any]], Callable[[Any], AwsResource]]] = {
    ResourceKind.DISTRIBUTION: (lambda: cloudfront().pages(), of_distribution),
    ResourceKind.ML_CHANNEL: (lambda: live().channel_pages(), of_ml_channel),
    ResourceKind.INPUT: (lambda: live().input_pages(), of_input),
    ResourceKind.GROUP: (lambda: live().security_group_pages(), of_group),
    ResourceKind.ENDPOINT: (lambda: package().endpoint_pages(), of_endpoint),
    ResourceKind.MP_CHANNEL: (lambda: package().channel_pages(), of_mp_channel),
}


def read_list(kind: ResourceKind) -> Iterator[AwsResource]:
    """All resources of one kind in the account, one call a page. Raises `AwsError` if a page fails."""
    pages, resource_of = LISTS[kind]
    for page in pages():
        for info in page.items:
            if not getattr(info, "gone", False):
                yield resource_of(info)


def with_tags(distribution: AwsResource, arn: str) -> AwsResource:
    """The distribution with its own tags, unless it is gone meanwhile. One call. Raises `AwsError`."""
    try:
        return replace(distribution, tags=cloudfront().tags(arn))
    except Conflict:  # there is no such resource
        return distribution
