"""The call log: what was called, by which client, the result, and whether the client broke a rule.

A call is *illegal* if AWS refuses it because the client broke a rule that it should have known: wrong
state, wrong order, invalid input. A missing resource, a lost race (stale ETag), a used token, a quota, a
throttle and an injected fault are not illegal.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from .base import Refusal
from .codec import AwsRequest

MAX_ENTRIES = 200_000
_MISSING = {"NoSuchDistribution", "NoSuchResource", "NotFoundException", "NoSuchKey", "NoSuchBucket"}
_THROTTLES = {"Throttling", "ThrottlingException", "TooManyRequestsException", "SlowDown"}
_RACES = {"PreconditionFailed", "DistributionAlreadyExists", "BucketAlreadyOwnedByYou"}
_QUOTAS = ("TooMany", "LimitExceeded", "EntityLimit")
_READS = ("Get", "Describe", "List", "Head")


@dataclass(slots=True)
class Entry:
    """One call. `status` is None while the call is in progress, and 0 if the connection was cut."""

    n: int
    time: datetime
    service: str
    operation: str
    params: dict[str, Any]
    request_id: str
    user_agent: str
    status: int | None = None
    error: str | None = None
    message: str | None = None
    illegal: bool = False
    fault: str | None = None
    stale: bool = field(default=False)

    def plain(self) -> dict[str, Any]:
        """The entry as JSON data."""
        return asdict(self) | {"time": self.time.isoformat(), "name": f"{self.service}:{self.operation}"}


class CallLog:
    """All calls since the start or the last `clear`: exact counts, and the newest `MAX_ENTRIES` entries."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Discard everything; numbers start at 1 again."""
        self.last = 0
        self.entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.illegal: Counter[str] = Counter()

    def begin(self, call: AwsRequest, moment: datetime, user_agent: str) -> Entry:
        """Log a new call."""
        self.last += 1
        self.calls[call.name] += 1
        entry = Entry(
            self.last,
            moment,
            call.service,
            call.operation,
            shortened(call.params),
            call.request_id,
            user_agent,
        )
        self.entries.append(entry)
        return entry

    def refuse(self, entry: Entry, error: Refusal) -> None:
        """Record the call's error response."""
        entry.status, entry.error, entry.message = error.status, error.code, error.message
        name = f"{entry.service}:{entry.operation}"
        self.errors[f"{name} {error.code}"] += 1
        entry.illegal = entry.fault is None and is_illegal(entry.operation, error)
        if entry.illegal:
            self.illegal[name] += 1

    def counts(self) -> dict[str, Any]:
        """The number of calls, of errors (by operation and code) and of illegal calls, by operation."""
        return {
            "total": self.last,
            "calls": dict(self.calls),
            "errors": dict(self.errors),
            "illegal": dict(self.illegal),
        }

    def since(
        self, n: int = 0, operation: str = "*", illegal: bool = False, limit: int = 10_000
    ) -> list[dict[str, Any]]:
        """The first `limit` entries after number `n` whose name matches the glob `operation`."""
        first = self.last - len(self.entries)
        newer = islice(self.entries, max(0, n - first), None)
        matching = (
            entry
            for entry in newer
            if (not illegal or entry.illegal) and fnmatchcase(f"{entry.service}:{entry.operation}", operation)
        )
        return [entry.plain() for entry in islice(matching, limit)]


def is_illegal(operation: str, error: Refusal) -> bool:
    """Whether the client broke a rule, as the module's docstring defines it."""
    if error.illegal is not None:
        return error.illegal
    if error.status in (403, 429) or error.status >= 500:
        return False
    if error.code in _MISSING | _THROTTLES | _RACES or error.code.startswith(_QUOTAS):
        return False
    if error.status == 404 and operation.startswith(_READS):
        return False
    # MediaPackage uses the same code for a repeated create and for invalid input; the message differs.
    return not (operation.startswith("Create") and "already exists" in error.message.lower())


def shortened(value: Any, depth: int = 4) -> Any:
    """Parameters short enough to log: long texts are cut, long lists and deep structures left out.

    The values of custom origin headers are secrets of who calls.
    """
    if isinstance(value, dict):
        shown = {key: "(hidden)" if key == "HeaderValue" else item for key, item in value.items()}
        return {key: shortened(item, depth - 1) for key, item in list(shown.items())[:30]} if depth else "{…}"
    if isinstance(value, list):
        return [shortened(item, depth - 1) for item in value[:5]] if depth else "[…]"
    if isinstance(value, str):
        return value if len(value) <= 300 else value[:300] + "…"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value.isoformat() if isinstance(value, datetime) else value
