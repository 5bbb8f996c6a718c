"""MediaPackage's records and refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from emulator.base import Refusal
from emulator.paged_store import PagedStore

Params = dict[str, Any]


def invalid(message: str) -> NoReturn:
    """422: the request is invalid, or the id is taken."""
    raise Refusal("UnprocessableEntityException", message, 422)


def missing(message: str) -> NoReturn:
    """404: the resource never existed, or its deletion is complete."""
    raise Refusal("NotFoundException", message, 404)


def over_quota() -> NoReturn:
    """429, the same code as a throttle."""
    sentence = "Too many requests, please try again. Resource limit exceeded."
    raise Refusal("TooManyRequestsException", sentence, 429, illegal=False)


@dataclass
class Endpoint:
    """One origin endpoint. `config` has its settings with defaults."""

    id: str
    arn: str
    url: str
    channel_id: str
    created_at: str
    config: Params
    tags: dict[str, str]
    deleting: bool = False

    def describe(self) -> Params:
        """The view of DescribeOriginEndpoint."""
        named = {"Id": self.id, "Arn": self.arn, "ChannelId": self.channel_id, "CreatedAt": self.created_at}
        return {**self.config, **named, "Url": self.url, "Tags": dict(self.tags)}


@dataclass
class Channel:
    """One channel with its two ingest endpoints (`ingest`) and its origin endpoints (`endpoints`)."""

    id: str
    arn: str
    host: str
    description: str
    created_at: str
    ingest: list[dict[str, str]]
    tags: dict[str, str]
    endpoints: PagedStore[Endpoint] = field(default_factory=PagedStore)
    deleting: bool = False

    def describe(self) -> Params:
        """The view of DescribeChannel."""
        return {
            "Id": self.id,
            "Arn": self.arn,
            "Description": self.description,
            "CreatedAt": self.created_at,
            "HlsIngest": {"IngestEndpoints": [dict(endpoint) for endpoint in self.ingest]},
            "Tags": dict(self.tags),
        }
