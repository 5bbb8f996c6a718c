"""How often AWS may be asked: one token bucket per AWS operation, shared by all workers.

Every worker of an installation spends from the same account's rates, so the buckets live in the
broker's Redis. Urgent work comes first: bulk work may not take the last third of a bucket, so that
ten thousand deletions never delay a start. Nobody waits here: a caller without a token gets
`Throttled` with the seconds after which one will be there, and looks again later.

Without Redis (embedded mode, or Redis is down) the buckets are per process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol

import redis

from streamhub.errors import Throttled

logger = logging.getLogger(__name__)

_urgent: ContextVar[bool] = ContextVar("streamhub_urgent", default=False)


@contextmanager
def urgency(urgent: bool = True) -> Iterator[None]:
    """Calls made inside are urgent (or, with False, bulk again). The default is bulk."""
    token = _urgent.set(urgent)
    try:
        yield
    finally:
        _urgent.reset(token)


def is_urgent() -> bool:
    """Whether the code now running is urgent."""
    return _urgent.get()


@dataclass(frozen=True)
class Rate:
    """`per_second` calls on average, `burst` at once."""

    per_second: float
    burst: float

    @property
    def reserve(self) -> float:
        """Tokens that only urgent calls may take: the last third."""
        return self.burst / 3

    def times(self, factor: float) -> Rate:
        """The same rate, so many times faster."""
        return Rate(self.per_second * factor, self.burst * factor)

    def short_by(self, tokens: float, urgent: bool) -> float:
        """How many tokens are missing until one may be taken; 0 or less: take it."""
        return 1 + (0 if urgent else self.reserve) - tokens


# First match wins. AWS publishes few of these figures; where it does not, they are well below what
# other controllers are seen to sustain ("Throttling", "Rate exceeded": AWS_RULES 7, 12, 24).
RATES: Mapping[str, Rate] = {
    "cloudfront:List*": Rate(10, 30),
    "cloudfront:Get*": Rate(10, 30),
    "cloudfront:*": Rate(2, 10),
    "medialive:List*": Rate(5, 15),
    "medialive:Describe*": Rate(10, 30),
    "medialive:Create*": Rate(3, 6),
    "medialive:*": Rate(5, 15),
    "mediapackage:*": Rate(5, 15),
    "cloudwatch:GetMetricData": Rate(50, 50),
    "s3:*": Rate(20, 50),
    "*": Rate(5, 10),
}


def rate_for(operation: str, rates: Mapping[str, Rate] = RATES) -> Rate:
    """The rate of an operation (`service:Operation`): the first glob that matches."""
    for pattern, rate in rates.items():
        if fnmatchcase(operation, pattern):
            return rate
    raise KeyError(operation)


def scaled(rates: Mapping[str, Rate], factor: float) -> dict[str, Rate]:
    """All rates, so many times faster."""
    return {pattern: rate.times(factor) for pattern, rate in rates.items()}


class Limiter(Protocol):
    """Who is asked before each AWS call."""

    def acquire(self, operation: str, urgent: bool) -> None:
        """Take one token, or raise Throttled with `after` in seconds."""
        ...


def _throttled(operation: str, after: float) -> Throttled:
    return Throttled(
        f"StreamHub's own rate limit allows the next call in {after:.1f} s",
        after=after,
        operation=operation,
        code="OwnRateLimit",
    )


class LocalLimiter:
    """Buckets of this process alone. Thread-safe."""

    def __init__(
        self, rates: Mapping[str, Rate] = RATES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}  # operation -> tokens, at

    def acquire(self, operation: str, urgent: bool) -> None:
        """Take one token, or raise Throttled with `after` in seconds."""
        rate = rate_for(operation, self._rates)
        with self._lock:
            now = self._clock()
            tokens, at = self._buckets.get(operation, (rate.burst, now))
            tokens = min(rate.burst, tokens + (now - at) * rate.per_second)
            short = rate.short_by(tokens, urgent)
            self._buckets[operation] = (tokens if short > 0 else tokens - 1, now)
        if short > 0:
            raise _throttled(operation, short / rate.per_second)


# Redis's own clock, so that workers whose clocks differ share one bucket. The answer is text,
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


class RedisLimiter:
    """Buckets shared through Redis. While Redis fails, those of this process serve instead."""

    RETRY_REDIS_SECONDS = 5.0

    def __init__(
        self,
        redis_client: Any,
        rates: Mapping[str, Rate] = RATES,
        *,
        prefix: str = "streamhub:rate:",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = rates
        self._prefix = prefix
        self._clock = clock
        self._take = redis_client.register_script(_TAKE)
        self._local = LocalLimiter(rates, clock)
        self._down_until = float("-inf")

    def acquire(self, operation: str, urgent: bool) -> None:
        """Take one token, or raise Throttled with `after` in seconds."""
        rate = rate_for(operation, self._rates)
        short = self._shared_short(operation, rate, urgent)
        if short is None:
            self._local.acquire(operation, urgent)
        elif short > 0:
            raise _throttled(operation, short / rate.per_second)

    def _shared_short(self, operation: str, rate: Rate, urgent: bool) -> float | None:
        """How many tokens the shared bucket lacks; None if Redis cannot be asked."""
        if self._clock() < self._down_until:
            return None
        reserve = 0 if urgent else rate.reserve
        try:
            answer = self._take(keys=[self._prefix + operation], args=[rate.per_second, rate.burst, reserve])
        except redis.RedisError as error:
            self._down_until = self._clock() + self.RETRY_REDIS_SECONDS
            logger.warning("rate limit falls back to this process, Redis says: %s", error)
            return None
        return float(answer)
