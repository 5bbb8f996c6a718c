"""Token buckets: they limit how often something happens, on average and at once.

There is one bucket per key. `take` never waits: it returns the seconds until the next token. Buckets are
per process (`LocalBuckets`) or shared through Redis (`RedisBuckets`). `access.limits` uses them for API
clients and `aws.ratelimit` for AWS calls.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import redis

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rate:
    """`per_second` on average, `burst` at once."""

    per_second: float
    burst: float

    def times(self, factor: float) -> Rate:
        """The rate multiplied by `factor`."""
        return Rate(self.per_second * factor, self.burst * factor)


class Buckets(Protocol):
    """One bucket per key. A new key has a full bucket."""

    def take(self, key: str, rate: Rate, *, reserve: float = 0) -> float:
        """Take a token, but leave at least `reserve`. Returns 0, or the seconds until one is available."""
        ...


class LocalBuckets:
    """Buckets of this process, thread-safe. Keeps at most `keys`, those used most recently."""

    def __init__(self, *, keys: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}  # key: (tokens, time), in the order of use
        self._lock = threading.Lock()

    def take(self, key: str, rate: Rate, *, reserve: float = 0) -> float:
        """Take a token, but leave at least `reserve`. Returns 0, or the seconds until one is available."""
        with self._lock:
            now = self._clock()
            tokens, since = self._levels.pop(key, (rate.burst, now))
            tokens = min(rate.burst, tokens + (now - since) * rate.per_second)
            missing = 1 + reserve - tokens
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


# Uses Redis's clock, so that processes with different clocks share one bucket. Returns text, because Redis
# truncates Lua numbers to integers.
_TAKE = """
local rate, burst, reserve = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1] or burst), tonumber(bucket[2] or now)
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local missing = 1 + reserve - tokens
if missing <= 0 then
  tokens = tokens - 1
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return tostring(missing)
"""


class RedisBuckets:
    """Buckets shared through Redis. While Redis fails, buckets of this process replace them."""

    RETRY_REDIS_SECONDS = 5.0

    def __init__(
        self, redis_client: Any, *, prefix: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._prefix = prefix
        self._clock = clock
        self._client = redis_client
        self._take = redis_client.register_script(_TAKE)
        self._local = LocalBuckets(clock=clock)
        self._down_until = float("-inf")

    def take(self, key: str, rate: Rate, *, reserve: float = 0) -> float:
        """Take a token, but leave at least `reserve`. Returns 0, or the seconds until one is available."""
        if self._clock() < self._down_until:
            return self._local.take(key, rate, reserve=reserve)
        try:
            missing = self._take(keys=[self._prefix + key], args=[rate.per_second, rate.burst, reserve])
        except redis.RedisError as error:
            self._down_until = self._clock() + self.RETRY_REDIS_SECONDS
            # A demoted Redis keeps its connections and refuses every write: the next one is a new one.
            self._client.connection_pool.disconnect()
            logger.warning("The rate limit falls back to this process, because Redis failed: %s", error)
            return self._local.take(key, rate, reserve=reserve)
        return max(0.0, float(missing) / rate.per_second)
