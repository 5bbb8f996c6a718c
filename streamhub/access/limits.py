"""Rate limits of API clients: token buckets that all web processes share in the broker's Redis.

Without Redis, which is so in embedded mode and while it is down, each process has its own. With n processes
a client may then get n times the rate, which still keeps one service in a loop from blocking the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import redis
from django.conf import settings

from streamhub import redis_servers
from streamhub.access.shared_buckets import SharedBuckets
from streamhub.token_bucket import Rate

REQUESTS = Rate(per_second=50, burst=200)  # per token
# The description of the API and its page, per client address (`client_address.counted_as`).
DOCUMENTS = Rate(per_second=5, burst=100)
FAILURES = Rate(per_second=10, burst=100)  # failed authentications, per client address

PREFIX = "streamhub:api:"
# A request waits no longer than this for Redis.
TIMEOUT_SECONDS = 0.25


def broker() -> redis.Redis | None:
    """A client of the broker's Redis; None in embedded mode, and with a broker that is no Redis."""
    url = settings.CELERY_BROKER_URL
    if not url or not redis_servers.is_redis(url):
        return None
    return redis_servers.client(url, settings.REDIS, timeout=TIMEOUT_SECONDS)


class Limit:
    """One bucket per client, all with the same rate. `name` is part of their keys in Redis."""

    def __init__(
        self,
        rate: Rate,
        name: str,
        *,
        keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
        client: Callable[[], redis.Redis | None] = broker,
    ) -> None:
        self.rate = rate
        self._buckets = SharedBuckets(client, prefix=f"{PREFIX}{name}:", clock=clock, keys=keys)

    def take(self, client: str) -> float:
        """Take a token. Returns 0, or the seconds until the next token."""
        return self._buckets.take(client, self.rate)

    def clear(self) -> None:
        """Forget all clients of this process."""
        self._buckets.clear()


requests = Limit(REQUESTS, "requests")
failures = Limit(FAILURES, "failures")
documents = Limit(DOCUMENTS, "documents")
