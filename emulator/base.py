"""What all embedded services share: the world, its clock and refusals.

A service is a class with one method per operation (AWS's name in snake_case). A method takes the request's
parameters as one dict in boto3's shape and returns the response in boto3's shape; `codec` handles the wire
formats. Methods run one at a time on one thread and never block or sleep. Whatever takes time on AWS is a
timer of the world.
"""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

ACCOUNT_ID = "111122223333"


class Refusal(Exception):
    """An AWS error response: code, message and HTTP status.

    `illegal` says whether the client broke a rule that it should have known; None lets the call log decide
    by the code.
    """

    def __init__(self, code: str, message: str, status: int = 400, illegal: bool | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.illegal = illegal


class Unprocessable(Refusal):
    """MediaLive's 422, with a `ValidationErrors` entry for each error: (path of the element, text)."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        message = "; ".join(f"{path} {text}" for path, text in errors)
        super().__init__("UnprocessableEntityException", message, 422)
        self.ValidationErrors = [{"ElementPath": path, "ErrorMessage": text} for path, text in errors]


class Clock:
    """Real time for dates, scaled time for durations.

    `scale` is real seconds per AWS second (0.02: a five-minute deployment takes six seconds). `advance` skips
    AWS seconds, for tests that do not wait.
    """

    def __init__(self, scale: float = 1.0, now: Callable[[], float] = time.time) -> None:
        self.scale = scale
        self._now = now
        self._jumped = 0.0  # real seconds added by `advance`

    def now(self) -> datetime:
        """The real time, as AWS would show it."""
        return datetime.fromtimestamp(self._now(), tz=UTC)

    def seconds(self) -> float:
        """Real seconds including skipped ones; the base of all due times."""
        return self._now() + self._jumped

    def due(self, aws_seconds: float) -> float:
        """The value of `seconds` at which something that takes `aws_seconds` from now ends."""
        return self.seconds() + aws_seconds * self.scale

    def advance(self, aws_seconds: float) -> None:
        """Skip `aws_seconds`. At scale 0 everything is due at once anyway."""
        self._jumped += aws_seconds * max(self.scale, 1e-9)


@dataclass
class Durations:
    """How long things take, in AWS seconds: (least, most); each occasion draws a value in between."""

    cloudfront_deploy: tuple[float, float] = (150, 400)
    mediapackage_delete: tuple[float, float] = (3, 10)
    mediapackage_notices_secret: tuple[float, float] = (600, 600)  # a rotation of its CDN identifier
    medialive_create: tuple[float, float] = (5, 20)
    medialive_update: tuple[float, float] = (5, 20)
    medialive_start: tuple[float, float] = (30, 90)
    medialive_stop: tuple[float, float] = (10, 30)
    medialive_delete: tuple[float, float] = (10, 40)
    medialive_input_delete: tuple[float, float] = (3, 10)
    medialive_alert: tuple[float, float] = (1, 10)  # from the loss of an input to its alert
    # How long something new stays unknown to those that refer to it.
    mediapackage_channel_unknown_to_medialive: tuple[float, float] = (0, 0)
    mediapackage_channel_unknown_to_endpoints: tuple[float, float] = (0, 0)
    medialive_input_unknown_to_channels: tuple[float, float] = (0, 0)
    medialive_group_unknown_to_inputs: tuple[float, float] = (0, 0)


@dataclass
class World:
    """One AWS account in one region (plus CloudFront, which is global), in memory."""

    clock: Clock = field(default_factory=Clock)
    region: str = "eu-central-1"
    account: str = ACCOUNT_ID
    seed: int = 1
    durations: Durations = field(default_factory=Durations)
    services: dict[str, Service] = field(default_factory=dict)
    calling_region: str = ""  # the region the present call was signed for; empty: the world's region

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = itertools.count()
        self._unknown: set[tuple[str, str]] = set()

    def after(self, span: tuple[float, float], then: Callable[[], None]) -> None:
        """Call `then` after a duration drawn from `span` (least and most AWS seconds)."""
        due = self.clock.due(self.random.uniform(*span))
        heapq.heappush(self._timers, (due, next(self._serial), then))

    def keep_unknown(self, to: str, resource_id: str) -> None:
        """A new resource is unknown to others for the duration named `to`."""
        span: tuple[float, float] = getattr(self.durations, to)
        if span[1] > 0:
            self._unknown.add((to, resource_id))
            self.after(span, lambda: self._unknown.discard((to, resource_id)))

    def is_unknown(self, to: str, resource_id: str) -> bool:
        """Whether it exists and is not known there yet."""
        return (to, resource_id) in self._unknown

    def settle(self) -> None:
        """Run all timers that are due. The server calls it before each request."""
        now = self.clock.seconds()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def number(self, digits: int) -> str:
        """A random decimal id, as MediaLive uses."""
        return str(self.random.randrange(10 ** (digits - 1), 10**digits))

    def token(self, length: int, alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") -> str:
        """A random id of the given length, as CloudFront uses."""
        return "".join(self.random.choice(alphabet) for _ in range(length))


class Service:
    """Base class of the services. `name` is botocore's service name."""

    name: ClassVar[str] = ""

    def __init__(self, world: World) -> None:
        self.world = world
        world.services[self.name] = self

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        """All existing resources by type, as plain data for tests."""
        raise NotImplementedError

    def console(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """Something a person does in the AWS console, outside of StreamHub. `action` is in snake_case."""
        raise Refusal("UnknownConsoleAction", f"{self.name} has no console action {action!r}", 404)
