"""What MediaLive answers about its resources, as values. Pure.

States are AWS's. AWS still describes a deleted resource for a while, as `DELETED`; its `gone` is then true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamhub.aws.input_sources import sources_of

DELETED = "DELETED"


@dataclass(frozen=True)
class SecurityGroupInfo:
    """An input security group; `state` is IDLE, IN_USE, UPDATING or DELETED, `inputs` are input ids."""

    id: str
    cidrs: tuple[str, ...]
    state: str
    tags: Mapping[str, str]
    inputs: tuple[str, ...]
    request_id: str | None

    @property
    def gone(self) -> bool:
        """Whether it is deleted. AWS may still describe it."""
        return self.state == DELETED


@dataclass(frozen=True)
class InputInfo:
    """An input; `state` is CREATING, DETACHED, ATTACHED, DELETING or DELETED.

    `dest_urls` are the ingest URLs of a push input; `attached_channels` are MediaLive channel ids;
    `security_groups` are ids; `sources` are what it pulls, in the form of `input_sources.sources_of`.
    """

    id: str
    arn: str
    name: str
    state: str
    type: str
    dest_urls: tuple[str, ...]
    attached_channels: tuple[str, ...]
    security_groups: tuple[str, ...]
    sources: tuple[Mapping[str, Any], ...]
    tags: Mapping[str, str]
    request_id: str | None

    @property
    def gone(self) -> bool:
        """Whether it is deleted. AWS may still describe it."""
        return self.state == DELETED


@dataclass(frozen=True)
class ChannelInfo:
    """A MediaLive channel; `state` is one of AWS_RULES 15.

    `maintenance` is its weekly window in UTC, such as "THURSDAY 04:00"; "" if AWS did not say.
    `input_ids` are the attached inputs, in the order of the attachments.
    """

    id: str
    arn: str
    name: str
    state: str
    tags: Mapping[str, str]
    channel_class: str
    request_id: str | None
    maintenance: str = ""
    input_ids: tuple[str, ...] = ()

    @property
    def gone(self) -> bool:
        """Whether it is deleted. AWS may still describe it."""
        return self.state == DELETED


def security_group_info(group: Mapping[str, Any], request_id: str | None) -> SecurityGroupInfo:
    return SecurityGroupInfo(
        id=group["Id"],
        cidrs=tuple(rule["Cidr"] for rule in group.get("WhitelistRules") or () if "Cidr" in rule),
        state=group.get("State", ""),
        tags=dict(group.get("Tags") or {}),
        inputs=tuple(group.get("Inputs") or ()),
        request_id=request_id,
    )


def input_info(input: Mapping[str, Any], request_id: str | None) -> InputInfo:
    destinations = input.get("Destinations") or ()
    return InputInfo(
        id=input["Id"],
        arn=input["Arn"],
        name=input.get("Name", ""),
        state=input["State"],
        type=input["Type"],
        dest_urls=tuple(destination["Url"] for destination in destinations if destination.get("Url")),
        attached_channels=tuple(input.get("AttachedChannels") or ()),
        security_groups=tuple(input.get("SecurityGroups") or ()),
        sources=tuple(sources_of(input)),
        tags=dict(input.get("Tags") or {}),
        request_id=request_id,
    )


def channel_info(channel: Mapping[str, Any], request_id: str | None) -> ChannelInfo:
    return ChannelInfo(
        id=channel["Id"],
        arn=channel["Arn"],
        name=channel.get("Name", ""),
        state=channel["State"],
        tags=dict(channel.get("Tags") or {}),
        channel_class=channel.get("ChannelClass", ""),
        request_id=request_id,
        maintenance=_maintenance(channel.get("Maintenance") or {}),
        input_ids=_input_ids(channel.get("InputAttachments") or ()),
    )


def _input_ids(attachments: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The inputs by id. One that others attached otherwise has none: the list of channels is of all."""
    return tuple(attached["InputId"] for attached in attachments if "InputId" in attached)


def _maintenance(window: Mapping[str, Any]) -> str:
    return f"{window.get('MaintenanceDay') or ''} {window.get('MaintenanceStartTime') or ''}".strip()
