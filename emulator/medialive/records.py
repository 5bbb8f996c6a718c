"""MediaLive's records and refusals. Values in records are replaced, never changed in place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from emulator.base import Refusal

Params = dict[str, Any]
PUSH_TYPES = {"RTMP_PUSH", "RTP_PUSH", "UDP_PUSH"}
STREAMING = {"RUNNING"}
BILLED = {"RUNNING", "RECOVERING"}
GONE = {"DELETING", "DELETED"}


def bad_request(message: str, *, illegal: bool | None = None) -> NoReturn:
    """400: the request is invalid."""
    raise Refusal("BadRequestException", message, 400, illegal)


def conflict(message: str, *, illegal: bool | None = None) -> NoReturn:
    """409: the resource's state does not allow this."""
    raise Refusal("ConflictException", message, 409, illegal)


def missing(message: str) -> NoReturn:
    """404: the resource never existed, or its deletion is long past."""
    raise Refusal("NotFoundException", message, 404)


def over_quota(resources: str, quota: int) -> NoReturn:
    """429, the same code as a throttle."""
    sentence = f"Resource limit exceeded: this account may have {quota} {resources} in this region."
    raise Refusal("TooManyRequestsException", sentence, 429, illegal=False)


@dataclass
class Record:
    """A resource with an id, an ARN, a state and tags."""

    id: str
    arn: str
    state: str
    tags: dict[str, str]

    def listed(self) -> Params:
        """The view of a list."""
        raise NotImplementedError

    def describe(self) -> Params:
        """The view of a describe call."""
        return self.listed()


@dataclass
class SecurityGroup(Record):
    """An input security group and the inputs behind it."""

    rules: list[dict[str, str]]
    inputs: dict[str, None] = field(default_factory=dict)

    def settled_state(self) -> str:
        """IN_USE while an input uses it, else IDLE."""
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
    callers: list[Params]
    role_arn: str
    input_class: str
    channels: list[str] = field(default_factory=list)
    # Who sends: number of the address or source -> the sender's address ("" for a source). None: everybody.
    senders: dict[int, str] | None = None
    picture: str = ""  # what is sent, one of `picture.SENT`; "": by the place of the input

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
            **({"SrtSettings": {"SrtCallerSources": self.callers}} if self.callers else {}),
        }


class Heard(NamedTuple):
    """From this epoch second on, whether each pipeline receives its input; empty while none runs.

    `shown`: the picture that each one sends, a name of `picture.named`.
    """

    at: float
    pipelines: tuple[bool, ...]
    shown: tuple[str, ...] = ()


@dataclass
class Alert:
    """A channel alert of one pipeline. Times are real."""

    id: str
    pipeline: int
    kind: str
    message: str
    set_at: datetime
    cleared_at: datetime | None = None

    def listed(self) -> Params:
        """The view of ListAlerts."""
        cleared = {"ClearedTimestamp": self.cleared_at} if self.cleared_at else {}
        return {
            "Id": self.id,
            "PipelineId": str(self.pipeline),
            "AlertType": self.kind,
            "Message": self.message,
            "State": "CLEARED" if self.cleared_at else "SET",
            "SetTimestamp": self.set_at,
            **cleared,
        }


@dataclass
class BilledPeriod:
    """A period for which a channel is billed as running."""

    started_at: datetime
    stopped_at: datetime | None = None

    def billed_minutes(self, now: datetime) -> int:
        """Billed minutes: rounded up, at least ten ("AWS Elemental MediaLive Pricing")."""
        seconds = ((self.stopped_at or now) - self.started_at).total_seconds()
        return max(10, math.ceil(seconds / 60))


@dataclass
class Channel(Record):
    """A channel. `config` has CreateChannel's parameters; `epoch` invalidates timers set before a change.

    `fell_at`: when a start failed and it went back to IDLE by itself (`time.monotonic`).
    """

    name: str
    config: Params
    egress: list[dict[str, str]]
    epoch: int = 0
    fell_at: float = float("-inf")
    billed_periods: list[BilledPeriod] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)  # all changes of what its pipelines receive
    alerts: list[Alert] = field(default_factory=list)
    alerts_raised: int = 0  # during this run
    active: int = 0  # the attachment that it reads
    switched_by: str = ""  # the schedule action that had it read that
    actions: list[Params] = field(default_factory=list)  # its schedule

    @property
    def channel_class(self) -> str:
        """STANDARD (two pipelines) or SINGLE_PIPELINE."""
        return self.config["ChannelClass"]

    @property
    def pipelines(self) -> int:
        """The number of pipelines."""
        return 2 if self.channel_class == "STANDARD" else 1

    @property
    def input_ids(self) -> list[str]:
        """The ids of the attached inputs."""
        return [attachment["InputId"] for attachment in self.config["InputAttachments"]]

    def reads(self) -> list[str]:
        """How each input is read. HLS without buffer segments is read from its start, as a recording is."""
        return [_read_as(attachment) for attachment in self.config["InputAttachments"]]

    @property
    def package_ids(self) -> list[str]:
        """The ids of the MediaPackage channels that it sends to."""
        destinations = self.config["Destinations"]
        return [
            settings["ChannelId"]
            for destination in destinations
            for settings in destination.get("MediaPackageSettings") or []
        ]

    @property
    def billed_since(self) -> datetime | None:
        """The start of the present billed period, or None."""
        last = self.billed_periods[-1] if self.billed_periods else None
        return last.started_at if last and not last.stopped_at else None

    def run(self) -> list[Heard]:
        """What the pipelines have received since the channel began to run; empty while it does not."""
        stops = [number for number, entry in enumerate(self.heard, 1) if not entry.pipelines]
        return self.heard[stops[-1] if stops else 0 :]

    def describe(self) -> Params:
        """The view of the list plus encoder settings and pipelines."""
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
        active = self.config["InputAttachments"][self.active]
        name = active.get("InputAttachmentName") or active["InputId"]
        switched = {"ActiveInputSwitchActionName": self.switched_by} if self.switched_by else {}
        return {"PipelineId": str(number), "ActiveInputAttachmentName": name, **switched}


def _read_as(attachment: Params) -> str:
    network = (attachment.get("InputSettings") or {}).get("NetworkInputSettings") or {}
    hls = network.get("HlsInputSettings") or {}
    return "from the end" if hls.get("BufferSegments") is not None else "from the start"
