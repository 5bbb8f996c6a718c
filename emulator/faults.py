"""Injected faults, rate limits and held calls: how tests make AWS fail.

A rule names an operation (`cloudfront:CreateDistribution`, or a glob) and a kind:

| kind | what the client sees | effect |
|---|---|---|
| `throttle`, `error500`, `access_denied`, `not_found`, `conflict` | the service's own error code | none |
| `conflict_after` | the service's own error code | yes |
| `refuse` | the given `error`: `{"code", "message", "status", "reasons"}` | none |
| `refuse_after` | the given `error` | yes |
| `cut_before` | the connection breaks | none |
| `cut_after` | the connection breaks | yes |
| `delay` | the answer, `seconds` (real ones) late | yes, after the delay |
| `stale_read` | a read's answer from before the last write of that resource | none |
| `hold_before` | nothing until released | on release, unless the client has died |
| `pause` | nothing until released | yes, at once |

A `stale_read` with `seconds` gives the present answer if the write is more than so many real seconds ago.

The first matching rule that is due applies: after `skip` matching calls, `times` times (None: always).
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .base import Refusal, Unprocessable
from .codec import AwsRequest

REFUSED = ("throttle", "error500", "access_denied", "not_found", "conflict", "refuse")
REFUSED_AFTER = ("conflict_after", "refuse_after")
KINDS = (*REFUSED, *REFUSED_AFTER, "cut_before", "cut_after", "delay", "stale_read", "hold_before", "pause")

_THROTTLE = {
    "acm": ("ThrottlingException", 400),
    "medialive": ("TooManyRequestsException", 429),
    "mediapackage": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "secretsmanager": ("ThrottlingException", 400),
    "pricing": ("ThrottlingException", 400),
    "service-quotas": ("TooManyRequestsException", 400),
}
_BROKEN = {
    "medialive": "InternalServerErrorException",
    "mediapackage": "InternalServerErrorException",
    "cloudwatch": "InternalServiceFault",
    "s3": "InternalError",
    "secretsmanager": "InternalServiceError",
    "pricing": "InternalErrorException",
    "service-quotas": "ServiceException",
}
_DENIED = {
    "acm": "AccessDeniedException",
    "medialive": "AccessDeniedException",
    "mediapackage": "AccessDeniedException",
    "cloudwatch": "AccessDeniedException",
    "secretsmanager": "AccessDeniedException",
    "pricing": "AccessDeniedException",
    "service-quotas": "AccessDeniedException",
}
_GONE = {
    "cloudfront": "NoSuchDistribution",
    "acm": "ResourceNotFoundException",
    "route53": "NoSuchHostedZone",
    "medialive": "NotFoundException",
    "mediapackage": "NotFoundException",
    "cloudwatch": "ResourceNotFound",
    "s3": "NoSuchKey",
    "secretsmanager": "ResourceNotFoundException",
    "pricing": "NotFoundException",
    "service-quotas": "NoSuchResourceException",
}
_CONFLICTS = {
    "cloudfront": ("PreconditionFailed", 412),
    "medialive": ("ConflictException", 409),
    "mediapackage": ("UnprocessableEntityException", 422),
    "s3": ("OperationAborted", 409),
    "route53": ("InvalidChangeBatch", 400),
}
_CONFLICTS_FOR = {"cloudfront:CreateDistributionWithTags": ("DistributionAlreadyExists", 409)}
_GONE_FOR = {
    "cloudfront:GetResponseHeadersPolicy": "NoSuchResponseHeadersPolicy",
    "cloudfront:UpdateDomainAssociation": "EntityNotFound",
    "cloudfront:GetKeyGroup": "NoSuchResource",
    "cloudfront:GetPublicKey": "NoSuchPublicKey",
    "cloudfront:ListTagsForResource": "NoSuchResource",
    "cloudfront:TagResource": "NoSuchResource",
    "cloudfront:UntagResource": "NoSuchResource",
    "s3:ListObjectsV2": "NoSuchBucket",
}


def refusal(kind: str, call: AwsRequest, error: Mapping[str, Any] | None = None) -> Refusal:
    """The service's own error for a kind in `REFUSED` or `REFUSED_AFTER`, or the given one."""
    if error:
        return _given(error)
    if kind.startswith("conflict"):
        code, status = _CONFLICTS_FOR.get(call.name) or _CONFLICTS.get(call.service, ("Conflict", 409))
        return Refusal(code, "The resource is in a state that does not allow this.", status)
    if kind == "throttle":
        code, status = _THROTTLE.get(call.service, ("Throttling", 400))
        return Refusal(code, "Rate exceeded", status)
    if kind == "error500":
        return Refusal(_BROKEN.get(call.service, "InternalFailure"), "An internal error occurred.", 500)
    if kind == "access_denied":
        return Refusal(
            _DENIED.get(call.service, "AccessDenied"),
            f"User is not authorized to perform: {call.name}",
            403,
        )
    code = _GONE_FOR.get(call.name) or _GONE.get(call.service, "NotFound")
    return Refusal(code, "The specified resource does not exist.", 404)


def _given(error: Mapping[str, Any]) -> Refusal:
    """`reasons`: pairs of an element's path and what is wrong with it, as MediaLive's 422 lists them."""
    status = int(error.get("status", 400))
    if reasons := error.get("reasons"):
        given = Unprocessable([(str(path), str(text)) for path, text in reasons])
        given.message = error.get("message", given.message)
        return given
    return Refusal(error["code"], error.get("message", "No."), status)


@dataclass
class Rule:
    """One fault. `where` limits it to calls with these parameter values; `error`: of `refuse`."""

    operation: str
    kind: str
    times: int | None = 1
    skip: int = 0
    seconds: float = 0.0
    where: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=dict)
    id: int = 0
    seen: int = 0
    done: int = 0

    def matches(self, call: AwsRequest) -> bool:
        return fnmatchcase(call.name, self.operation) and all(
            call.params.get(key) == value for key, value in self.where.items()
        )

    def awaits_list(self, call: AwsRequest) -> bool:
        """Whether this is a `stale_read` that may still apply to this list, with any parameters."""
        left = self.times is None or self.done < self.times
        return self.kind == "stale_read" and left and fnmatchcase(call.name, self.operation)

    def due(self) -> bool:
        """Whether the fault applies to the call that was just counted."""
        return self.seen > self.skip and (self.times is None or self.done < self.times)


@dataclass
class Held:
    """A call that waits for `release`."""

    id: int
    call: AwsRequest
    kind: str
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    cut: bool = False

    def plain(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.call.name, "kind": self.kind, "params": self.call.params}


@dataclass
class Bucket:
    """A token bucket over real seconds."""

    per_second: float
    burst: float
    level: float
    filled: float


class Faults:
    """The present rules, rate limits and held calls."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._ids = itertools.count(1)
        self.rules: dict[int, Rule] = {}
        self.limits: dict[str, Bucket] = {}
        self.held: dict[int, Held] = {}

    def add(self, **order: Any) -> Rule:
        """Add a rule. Raises ValueError for an unknown kind."""
        rule = Rule(**order)
        if rule.kind not in KINDS:
            raise ValueError(f"There is no fault {rule.kind!r}. Kinds: {', '.join(KINDS)}.")
        if rule.kind.startswith("refuse") and not rule.error:
            raise ValueError(f"The fault {rule.kind} needs an error with code, message and status.")
        rule.id = next(self._ids)
        self.rules[rule.id] = rule
        return rule

    def clear(self, rule_id: int | None = None) -> None:
        """Remove one rule or all of them. Held calls stay held."""
        if rule_id is None:
            self.rules.clear()
        else:
            self.rules.pop(rule_id, None)

    def next_fault(self, call: AwsRequest) -> Rule | None:
        """The fault that applies to this call, if any. Every matching rule counts the call."""
        matching = [rule for rule in self.rules.values() if rule.matches(call)]
        for rule in matching:
            rule.seen += 1
        applied = next((rule for rule in matching if rule.due()), None)
        if applied is not None:
            applied.done += 1
        return applied

    def limit(self, operation: str, per_second: float, burst: float | None = None) -> None:
        """Throttle an operation (a glob) beyond this rate; `burst` defaults to one second's calls."""
        size = burst if burst is not None else max(1.0, per_second)
        self.limits[operation] = Bucket(per_second, size, size, self._now())

    def over_limit(self, call: AwsRequest) -> bool:
        """Take a token from each matching limit; returns whether one of them had none."""
        over = False
        for operation, bucket in self.limits.items():
            if not fnmatchcase(call.name, operation):
                continue
            now = self._now()
            bucket.level = min(bucket.burst, bucket.level + (now - bucket.filled) * bucket.per_second)
            bucket.filled = now
            if bucket.level < 1:
                over = True
            else:
                bucket.level -= 1
        return over

    async def hold(self, call: AwsRequest, kind: str) -> bool:
        """Wait until released; returns False if the connection must be cut instead."""
        held = Held(next(self._ids), call, kind)
        self.held[held.id] = held
        try:
            await held.gate.wait()
        finally:
            self.held.pop(held.id, None)
        return not held.cut

    def release(self, held_id: int | None = None) -> int:
        """Release one held call or all of them; returns how many."""
        released = [held for held in self.held.values() if held_id in (None, held.id)]
        for held in released:
            held.gate.set()
        return len(released)

    def close(self) -> None:
        """Cut the connections of all held calls."""
        for held in self.held.values():
            held.cut = True
        self.release()

    def plain(self) -> list[dict[str, Any]]:
        """The rules as JSON data, with the calls each has matched (`seen`) and hit (`done`)."""
        return [asdict(rule) for rule in self.rules.values()]
