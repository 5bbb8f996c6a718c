"""Rate limits of API clients: token buckets in the memory of each web process.

With n processes a client may get n times the rate. That is enough to keep one service in a loop from
blocking the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from streamhub.token_bucket import LocalBuckets, Rate

REQUESTS = Rate(per_second=50, burst=200)  # per token
# The description of the API and its page, per client address.
DOCUMENTS = Rate(per_second=5, burst=100)
FAILURES = Rate(per_second=10, burst=100)  # failed authentications, per client address


class Limit:
    """One bucket per client, all with the same rate."""

    def __init__(
        self, rate: Rate, *, keys: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate = rate
        self._buckets = LocalBuckets(keys=keys, clock=clock)

    def take(self, client: str) -> float:
        """Take a token. Returns 0, or the seconds until the next token."""
        return self._buckets.take(client, self.rate)

    def clear(self) -> None:
        """Forget all clients."""
        self._buckets.clear()


requests = Limit(REQUESTS)
failures = Limit(FAILURES)
documents = Limit(DOCUMENTS)
