"""What MediaLive keeps, and its ways to refuse. Values are replaced, never altered in place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from emulator.base import Refusal

Params = dict[str, Any]
PUSH_TYPES = {"RTMP_PUSH", "RTP_PUSH", "UDP_PUSH"}
STREAMING = {"RUNNING"}
BILLED = {"RUNNING", "RECOVERING"}
GONE = {"DELETING", "DELETED"}


class Unprocessable(Refusal):
    """422 with one entry for each fault found, which the wire carries beside the message."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        message = "; ".join(f"{path} {what}" for path, what in faults)
        super().__init__("UnprocessableEntityException", message, 422)
        self.ValidationErrors = [{"ElementPath": path, "ErrorMessage": what} for path, what in faults]


def bad_request(message: str, *, illegal: bool | None = None) -> NoReturn:
    """400: the request makes no sense as it stands."""
    raise Refusal("BadRequestException", message, 400, illegal)


def conflict(message: str, *, illegal: bool | None = None) -> NoReturn:
    """409: the resource is not in a state that allows this."""
    raise Refusal("ConflictException", message, 409, illegal)


def missing(message: str) -> NoReturn:
    """404: never existed, or was deleted long enough ago."""
    raise Refusal("NotFoundException", message, 404)


def over_quota(what: str, most: int) -> NoReturn:
    """429, the code that throttling has too."""
    sentence = f"Resource limit exceeded: this account may have {most} {what} in this region."
    raise Refusal("TooManyRequestsException", sentence, 429, illegal=False)


@dataclass
class Record:
    """Something with an id, an ARN, a state and tags."""

    id: str
    arn: str
    state: str
    tags: dict[str, str]

    def listed(self) -> Params:
        """How a list shows it."""
        raise NotImplementedError

    def describe(self) -> Params:
        """How describe shows it."""
        return self.listed()


@dataclass
class SecurityGroup(Record):
    """An input security group and the inputs behind it."""

    rules: list[dict[str, str]]
    inputs: dict[str, None] = field(default_factory=dict)

    def settled_state(self) -> str:
        """IN_USE as long as any input refers to it."""
        return "IN_USE" if self.inputs else "IDLE"

    def listed(self) -> Params:
        return {
            "Id": self.id,
            "Arn": self.arn,
            "State": self.state,
            "Inputs": list(self.inputs),
            "Channels": [],
            "WhitelistRules": self.rules,
            "Tags": dict(self.tags),
        }


@dataclass
class Input(Record):
    """An input: where an encoder pushes, or what MediaLive pulls."""

    name: str
    kind: str
    groups: list[str]
    destinations: list[dict[str, str]]
    sources: list[Params]
    flows: list[Params]
    role_arn: str
    input_class: str
    channels: list[str] = field(default_factory=list)

    def listed(self) -> Params:
        return {
            "Id": self.id,
            "Arn": self.arn,
            "Name": self.name,
            "State": self.state,
            "Type": self.kind,
            "InputClass": self.input_class,
            "InputSourceType": "STATIC",
            "AttachedChannels": self.channels,
            "Destinations": self.destinations,
            "Sources": self.sources,
            "MediaConnectFlows": self.flows,
            "SecurityGroups": self.groups,
            "RoleArn": self.role_arn,
            "Tags": dict(self.tags),
        }


@dataclass
class Spell:
    """One stretch of time for which a channel is billed as running."""

    started_at: datetime
    stopped_at: datetime | None = None

    def billed_minutes(self, now: datetime) -> int:
        """Minutes on the invoice: rounded up, ten at least (AWS Elemental MediaLive Pricing)."""
        seconds = ((self.stopped_at or now) - self.started_at).total_seconds()
        return max(10, math.ceil(seconds / 60))


@dataclass
class Channel(Record):
    """A channel. `config` holds what CreateChannel was given; `epoch` outdates transitions under way."""

    name: str
    config: Params
    egress: list[dict[str, str]]
    epoch: int = 0
    spells: list[Spell] = field(default_factory=list)

    @property
    def channel_class(self) -> str:
        """STANDARD (two pipelines) or SINGLE_PIPELINE."""
        return self.config["ChannelClass"]

    @property
    def pipelines(self) -> int:
        """How many pipelines it has."""
        return 2 if self.channel_class == "STANDARD" else 1

    @property
    def input_ids(self) -> list[str]:
        """The inputs attached to it."""
        return [one["InputId"] for one in self.config["InputAttachments"]]

    @property
    def package_ids(self) -> list[str]:
        """The MediaPackage channels that it sends to."""
        settings = (one.get("MediaPackageSettings") or [] for one in self.config["Destinations"])
        return [one["ChannelId"] for some in settings for one in some]

    @property
    def billed_since(self) -> datetime | None:
        """When the running spell now being billed began."""
        return self.spells[-1].started_at if self.spells and not self.spells[-1].stopped_at else None

    def describe(self) -> Params:
        """The list's view plus encoder settings and pipelines."""
        return {
            **self.listed(),
            "EncoderSettings": self.config["EncoderSettings"],
            "PipelineDetails": [self._pipeline(number) for number in range(self._pipelines_running())],
        }

    def listed(self) -> Params:
        hidden = {"EncoderSettings", "Name"}
        return {
            **{key: value for key, value in self.config.items() if key not in hidden},
            "Id": self.id,
            "Arn": self.arn,
            "Name": self.name,
            "State": self.state,
            "EgressEndpoints": self.egress,
            "PipelinesRunningCount": self._pipelines_running(),
            "Tags": dict(self.tags),
        }

    def _pipelines_running(self) -> int:
        lost = 1 if self.state == "RECOVERING" else 0
        return self.pipelines - lost if self.state in BILLED else 0

    def _pipeline(self, number: int) -> Params:
        first = self.config["InputAttachments"][0]
        name = first.get("InputAttachmentName") or first["InputId"]
        return {"PipelineId": str(number), "ActiveInputAttachmentName": name}
