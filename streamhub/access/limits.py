"""How often a client may call: token buckets in the memory of each web process.

With n processes a client may get n times the rate. That is enough for what the limit is for: one
service in a loop must not take the API away from the others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable

REQUESTS_PER_SECOND, REQUESTS_BURST = 50.0, 200.0  # per token
FAILURES_PER_SECOND, FAILURES_BURST = 10.0, 100.0  # failed authentications, per client address


class Buckets:
    """One token bucket per key; `clock` gives seconds. At most `keys` of them are remembered."""

    def __init__(
        self,
        per_second: float,
        burst: float,
        *,
        keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.per_second = per_second
        self.burst = burst
        self._keys = keys
        self._clock = clock
        self._levels: dict[Hashable, tuple[float, float]] = {}  # key: (level, when)
        self._lock = threading.Lock()

    def take(self, key: Hashable) -> float:
        """Take one. 0 if there was one, else how many seconds to wait for the next."""
        with self._lock:
            now = self._clock()
            level, since = self._levels.pop(key, (self.burst, now))
            level = min(self.burst, level + (now - since) * self.per_second)
            granted = level >= 1
            self._levels[key] = (level - 1 if granted else level, now)
            self._forget()
            return 0.0 if granted else (1 - level) / self.per_second

    def clear(self) -> None:
        """Forget everybody: all buckets are full again."""
        with self._lock:
            self._levels.clear()

    def _forget(self) -> None:
        """Drop the key that was longest silent, once there are too many (the dict is in order of use)."""
        if len(self._levels) > self._keys:
            del self._levels[next(iter(self._levels))]


requests = Buckets(REQUESTS_PER_SECOND, REQUESTS_BURST)
failures = Buckets(FAILURES_PER_SECOND, FAILURES_BURST)
