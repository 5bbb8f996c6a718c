"""The call log: what was called, by whom, how it ended, and whether the caller broke a rule.

A call is *illegal* when AWS refuses it because the client broke a rule that it should have known: wrong
state, wrong order, invalid input. Asking for what is gone, losing a race (stale ETag), meeting a spent
token, a quota or a throttle is life, not a mistake, and injected faults are nobody's.
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

KEPT = 200_000
_MISSING = {"NoSuchDistribution", "NoSuchResource", "NotFoundException", "NoSuchKey", "NoSuchBucket"}
_THROTTLES = {"Throttling", "ThrottlingException", "TooManyRequestsException", "SlowDown"}
_RACES = {"PreconditionFailed", "DistributionAlreadyExists", "BucketAlreadyOwnedByYou"}
_QUOTAS = ("TooMany", "LimitExceeded", "EntityLimit")
_READS = ("Get", "Describe", "List", "Head")


@dataclass(slots=True)
class Entry:
    """One call. `status` is None while it is under way and 0 if the connection was cut."""

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
        """As JSON can hold it."""
        return asdict(self) | {"time": self.time.isoformat(), "name": f"{self.service}:{self.operation}"}


class CallLog:
    """Every call since the start or the last `clear`; counts are exact, entries the newest `KEPT`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything; numbering goes on from 1."""
        self.last = 0
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.illegal: Counter[str] = Counter()

    def begin(self, call: AwsRequest, moment: datetime, user_agent: str) -> Entry:
        """A call has come in."""
        self.last += 1
        self.calls[call.name] += 1
        entry = Entry(
            self.last, moment, call.service, call.operation, brief(call.params), call.request_id, user_agent
        )
        self.entries.append(entry)
        return entry

    def refuse(self, entry: Entry, no: Refusal) -> None:
        """It has been answered with an error."""
        entry.status, entry.error, entry.message = no.status, no.code, no.message
        name = f"{entry.service}:{entry.operation}"
        self.errors[f"{name} {no.code}"] += 1
        entry.illegal = entry.fault is None and is_illegal(entry.operation, no)
        if entry.illegal:
            self.illegal[name] += 1

    def counts(self) -> dict[str, Any]:
        """How many calls, errors (by operation and code) and illegal calls, each by operation."""
        return {
            "total": self.last,
            "calls": dict(self.calls),
            "errors": dict(self.errors),
            "illegal": dict(self.illegal),
        }

    def since(
        self, n: int = 0, operation: str = "*", illegal: bool = False, limit: int = 10_000
    ) -> list[dict[str, Any]]:
        """Entries after number `n`, in order, whose name fits the glob; at most `limit`, the first ones."""
        first = self.last - len(self.entries)
        newer = islice(self.entries, max(0, n - first), None)
        fitting = (
            entry
            for entry in newer
            if (not illegal or entry.illegal) and fnmatchcase(f"{entry.service}:{entry.operation}", operation)
        )
        return [entry.plain() for entry in islice(fitting, limit)]


def is_illegal(operation: str, no: Refusal) -> bool:
    """Whether a refusal is the client's fault: see the module's opening."""
    if no.illegal is not None:
        return no.illegal
    if no.status in (403, 429) or no.status >= 500:
        return False
    if no.code in _MISSING | _THROTTLES | _RACES or no.code.startswith(_QUOTAS):
        return False
    if no.status == 404 and operation.startswith(_READS):
        return False
    # MediaPackage answers a repeated create and bad input with one code; the sentence tells them apart.
    return not (operation.startswith("Create") and "already exists" in no.message.lower())


def brief(value: Any, depth: int = 4) -> Any:
    """Parameters short enough to keep: long texts cut, long lists and deep structures left out."""
    if isinstance(value, dict):
        return {key: brief(item, depth - 1) for key, item in list(value.items())[:30]} if depth else "{…}"
    if isinstance(value, list):
        return [brief(item, depth - 1) for item in value[:5]] if depth else "[…]"
    if isinstance(value, str):
        return value if len(value) <= 300 else value[:300] + "…"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value.isoformat() if isinstance(value, datetime) else value
