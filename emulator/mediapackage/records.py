"""What MediaPackage keeps, and its ways to refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from emulator.base import Refusal
from emulator.paged_store import PagedStore

Params = dict[str, Any]


def invalid(message: str) -> NoReturn:
    """422: refused as it stands; also the answer to an id that exists."""
    raise Refusal("UnprocessableEntityException", message, 422)


def missing(message: str) -> NoReturn:
    """404: never existed, or its deletion is over."""
    raise Refusal("NotFoundException", message, 404)


def over_quota() -> NoReturn:
    """429, the code that throttling has too."""
    sentence = "Too many requests, please try again. Resource limit exceeded."
    raise Refusal("TooManyRequestsException", sentence, 429, illegal=False)


@dataclass
class Endpoint:
    """One origin endpoint. `config` is what it was made with, defaults filled in."""

    id: str
    arn: str
    url: str
    channel_id: str
    created_at: str
    config: Params
    tags: dict[str, str]
    deleting: bool = False

    def describe(self) -> Params:
        """As DescribeOriginEndpoint answers."""
        named = {"Id": self.id, "Arn": self.arn, "ChannelId": self.channel_id, "CreatedAt": self.created_at}
        return {**self.config, **named, "Url": self.url, "Tags": dict(self.tags)}


@dataclass
class Channel:
    """One channel with its two ingest endpoints and, in `endpoints`, what is packaged from it."""

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
        """As DescribeChannel answers."""
        return {
            "Id": self.id,
            "Arn": self.arn,
            "Description": self.description,
            "CreatedAt": self.created_at,
            "HlsIngest": {"IngestEndpoints": [dict(one) for one in self.ingest]},
            "Tags": dict(self.tags),
        }
