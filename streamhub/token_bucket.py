"""Token buckets: how often something may be done, on average and at once.

There is one bucket per key. `take` never waits: it says after how many seconds to ask again. Buckets
are per process (`LocalBuckets`) or shared by all processes through Redis (`RedisBuckets`). Who paces
what stands with its users: the API's callers in `access.limits`, calls of AWS in `aws.ratelimit`.
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
        """The same rate, so many times faster."""
        return Rate(self.per_second * factor, self.burst * factor)


class Buckets(Protocol):
    """One bucket per key; a key met for the first time has a full one."""

    def take(self, key: str, rate: Rate, *, reserve: float = 0) -> float:
        """Take a token unless that would leave less than `reserve`. 0, or the seconds until it can be had."""
        ...


class LocalBuckets:
    """Buckets of this process. Thread-safe; at most `keys` are remembered, the longest silent go first."""

    def __init__(self, *, keys: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}  # key: (tokens, when), in the order of use
        self._lock = threading.Lock()

    def take(self, key: str, rate: Rate, *, reserve: float = 0) -> float:
        """Take a token unless that would leave less than `reserve`. 0, or the seconds until it can be had."""
        with self._lock:
            now = self._clock()
            tokens, since = self._levels.pop(key, (rate.burst, now))
            tokens = min(rate.burst, tokens + (now - since) * rate.per_second)
            short = 1 + reserve - tokens
            self._levels[key] = (tokens if short > 0 else tokens - 1, now)
            self._forget()
        return max(0.0, short / rate.per_second)

    def clear(self) -> None:
        """All buckets are full again."""
        with self._lock:
            self._levels.clear()

    def _forget(self) -> None:
        if len(self._levels) > self._keys:
            del self._levels[next(iter(self._levels))]


# Redis's own clock, so that processes whose clocks differ share one bucket. The answer is text,
# because Redis cuts a Lua number down to an integer.
_TAKE = """
local rate, burst, reserve = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1] or burst), tonumber(bucket[2] or now)
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local short = 1 + reserve - tokens
if short <= 0 then
  tokens = tokens - 1
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return tostring(short)
"""


class RedisBuckets:
    """Buckets shared through Redis. While Redis fails, those of this process serve instead."""

    RETRY_REDIS_SECONDS = 5.0

    def __init__(
        self, redis_client: Any, *, prefix: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._prefix = prefix
        self._clock = clock
        self._take = redis_client.register_script(_TAKE)
        self._local = LocalBuckets(clock=clock)
        self._down_until = float("-inf")

    def take(self, key: str, rate: Rate, *, reserve: float = 0) -> float:
        """Take a token unless that would leave less than `reserve`. 0, or the seconds until it can be had."""
        if self._clock() < self._down_until:
            return self._local.take(key, rate, reserve=reserve)
        try:
            answer = self._take(keys=[self._prefix + key], args=[rate.per_second, rate.burst, reserve])
        except redis.RedisError as error:
            self._down_until = self._clock() + self.RETRY_REDIS_SECONDS
            logger.warning("rate limit falls back to this process, Redis says: %s", error)
            return self._local.take(key, rate, reserve=reserve)
        return max(0.0, float(answer) / rate.per_second)
