"""Token buckets: they limit how often something happens, on average and at once.

`LocalBuckets` are of this process, one per key; `access.shared_buckets` shares them among processes, for API
clients. `aws.call_queue` adds a waiting line, for AWS calls.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """`per_second` on average, `burst` at once."""

    per_second: float
    burst: float

    def times(self, factor: float) -> Rate:
        """The rate multiplied by `factor`."""
        return Rate(self.per_second * factor, self.burst * factor)


def refilled(tokens: float, seconds: float, rate: Rate) -> float:
    """What a bucket with `tokens` holds after `seconds`."""
    return min(rate.burst, tokens + max(0.0, seconds) * rate.per_second)


class LocalBuckets:
    """Buckets of this process, thread-safe. Keeps at most `keys`, those used most recently."""

    def __init__(self, *, keys: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}  # key: (tokens, time), in the order of use
        self._lock = threading.Lock()

    def take(self, key: str, rate: Rate) -> float:
        """Take a token. Returns 0, or the seconds until one is available. A new key has a full bucket."""
        with self._lock:
            now = self._clock()
            tokens, since = self._levels.pop(key, (rate.burst, now))
            tokens = refilled(tokens, now - since, rate)
            missing = 1 - tokens
            self._levels[key] = (tokens if missing > 0 else tokens - 1, now)
            self._forget_oldest()
        return max(0.0, missing / rate.per_second)

    def clear(self) -> None:
        """Fill all buckets."""
        with self._lock:
            self._levels.clear()

    def _forget_oldest(self) -> None:
        if len(self._levels) > self._keys:
            del self._levels[next(iter(self._levels))]
