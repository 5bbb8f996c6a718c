"""Token buckets in the broker's Redis, so that all web processes count a client together."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Any

import redis

from streamhub.redis_servers import drop_idle_connections
from streamhub.token_bucket import LocalBuckets, Rate

log = logging.getLogger(__name__)

# A bucket by Redis's clock. It is gone once it would be full again. Numbers are returned as text: Redis
# truncates them.
_TAKE = """
local now = redis.call('TIME')
local moment = now[1] + now[2] / 1e6
local per_second, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'moment')
local tokens = burst
if stored[1] then
    tokens = math.min(burst, stored[1] + math.max(0, moment - stored[2]) * per_second)
end
local missing = 1 - tokens
if missing <= 0 then tokens = tokens - 1 end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'moment', string.format('%.6f', moment))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return tostring(math.max(0, missing / per_second))
"""


class SharedBuckets:
    """Buckets of all processes. While Redis fails, those of this process replace them."""

    RETRY_REDIS_SECONDS = 5.0

    def __init__(
        self,
        client: Callable[[], redis.Redis | None],
        *,
        prefix: str,
        clock: Callable[[], float] = time.monotonic,
        keys: int = 10_000,
    ) -> None:
        """`client` is called at the first use; None: there is no Redis, so each process has its own."""
        self._make_client = client
        self._client: redis.Redis | None = None
        self._take: Any = None
        self._prefix = prefix
        self._clock = clock
        self._local = LocalBuckets(keys=keys, clock=clock)
        self._down_until = float("-inf")

    def take(self, key: str, rate: Rate) -> float:
        """Take a token. Returns 0, or the seconds until one is available. A new key has a full bucket."""
        wait = self._from_redis(key, rate)
        return self._local.take(key, rate) if wait is None else wait

    def clear(self) -> None:
        """Fill the buckets of this process."""
        self._local.clear()

    def _from_redis(self, key: str, rate: Rate) -> float | None:
        """What Redis says, or None without it or while it fails."""
        if self._clock() < self._down_until:
            return None
        if self._take is None:
            self._client = self._make_client()
            if self._client is None:
                self._down_until = math.inf
                return None
            self._take = self._client.register_script(_TAKE)
        expires = math.ceil(rate.burst / rate.per_second) + 1
        try:
            return float(self._take(keys=[self._prefix + key], args=[rate.per_second, rate.burst, expires]))
        except redis.RedisError as error:
            self._down_until = self._clock() + self.RETRY_REDIS_SECONDS
            if self._client is not None:
                drop_idle_connections(self._client)
            log.warning("API limits fall back to this process, because Redis failed: %s", error)
            return None
