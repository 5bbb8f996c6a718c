"""How often a client may call: token buckets in the memory of each web process.

With n processes a client may get n times the rate. That is enough for what the limit is for: one
service in a loop must not take the API away from the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from streamhub.token_bucket import LocalBuckets, Rate

REQUESTS = Rate(per_second=50, burst=200)  # per token
FAILURES = Rate(per_second=10, burst=100)  # failed authentications, per client address


class Limit:
    """One bucket of the same rate per client."""

    def __init__(
        self, rate: Rate, *, keys: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate = rate
        self._buckets = LocalBuckets(keys=keys, clock=clock)

    def take(self, client: str) -> float:
        """Take one. 0 if there was one, else how many seconds to wait for the next."""
        return self._buckets.take(client, self.rate)

    def clear(self) -> None:
        """Forget everybody."""
        self._buckets.clear()


requests = Limit(REQUESTS)
failures = Limit(FAILURES)
