"""The queue for AWS calls: one token bucket and one waiting line for each operation.

A caller that finds no token takes a place in the line and learns when its turn comes. It comes back then,
under the same name, and gets its token before those behind it. Urgent callers stand before all others, and
the last third of a bucket is theirs alone. The rate is the configured one, or less for a while after AWS has
throttled the operation: each throttle takes a tenth off, and the rate then grows back step by step.

`LocalQueues` are of this process, `RedisQueues` are shared by all workers. Both follow the same rules.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import redis

from streamhub.token_bucket import Rate, refilled

logger = logging.getLogger(__name__)

# What a throttle leaves of the rate, at most once in SPACING_SECONDS, and the least that remains.
DECREASE = 0.9
LEAST = 0.02
SPACING_SECONDS = 1.0
# What the rate regains each second at first: this share of the rate that was throttled last, in proportion
# less below FULL_RECOVERY calls a second, so that few calls are spent on finding AWS's limit. The longer
# AWS throttles nothing, the faster it grows (cubic in units of CALM_SECONDS).
RECOVERY = 0.02
FULL_RECOVERY = 10.0
CALM_SECONDS = 120.0
# A caller that does not come back this long after its turn has lost its place.
GRACE_SECONDS = 30.0
# A long wait is announced in parts, because the line moves faster when the rate grows.
WHOLE_WAIT_SECONDS = 5.0
PART_OF_WAIT = 0.75
FORGET_SECONDS = 3600


@dataclass(frozen=True)
class QueueState:
    """One operation now: the share of the configured rate that AWS allows, and how many callers wait."""

    operation: str
    share: float
    waiting: int


class Queues(Protocol):
    """A bucket and a line for each operation. A new bucket is full."""

    def take(self, operation: str, rate: Rate, *, holder: str, urgent: bool) -> float:
        """Take a token for `holder`. Returns 0, or the seconds until it should ask again."""
        ...

    def slow_down(self, operation: str) -> None:
        """AWS throttled the operation: lower its rate."""
        ...

    def states(self, operations: Iterable[str]) -> list[QueueState]:
        """Those operations that wait or are slowed down."""
        ...


def reserve_of(rate: Rate) -> float:
    """Tokens that only urgent calls may take: the last third."""
    return min(rate.burst / 3, max(0.0, rate.burst - 1))


def announced(wait: float) -> float:
    """The part of a wait after which the caller should ask again."""
    return wait if wait <= WHOLE_WAIT_SECONDS else max(WHOLE_WAIT_SECONDS, wait * PART_OF_WAIT)


@dataclass
class _Queue:
    tokens: float
    at: float
    per_second: float  # the configured rate
    factor: float = 1.0
    throttled_factor: float = 1.0
    throttled_at: float = float("-inf")
    # holder: (lane, arrival) and holder: when its turn comes
    line: dict[str, tuple[int, float]] = field(default_factory=dict)
    turns: dict[str, float] = field(default_factory=dict)

    def share(self, now: float) -> float:
        if self.throttled_at == float("-inf"):
            return 1.0
        calm, base = now - self.throttled_at, self.throttled_factor
        speed = RECOVERY * min(1.0, self.per_second * base / FULL_RECOVERY)
        return min(1.0, self.factor + base * speed * calm * (1 + (calm / CALM_SECONDS) ** 2))


class LocalQueues:
    """Queues of this process, thread-safe."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._queues: dict[str, _Queue] = {}
        self._lock = threading.Lock()
        self._arrivals = 0

    def take(self, operation: str, rate: Rate, *, holder: str, urgent: bool) -> float:
        """Take a token for `holder`. Returns 0, or the seconds until it should ask again."""
        with self._lock:
            now = self._clock()
            queue = self._queues.setdefault(operation, _Queue(rate.burst, now, rate.per_second))
            per_second = rate.per_second * queue.share(now)
            queue.tokens = refilled(queue.tokens, now - queue.at, Rate(per_second, rate.burst))
            queue.at = now
            self._forget_absent(queue, now)
            ahead = self._ahead(queue, holder, urgent)
            missing = 1 + ahead + (0 if urgent else reserve_of(rate)) - queue.tokens
            if missing <= 0:
                queue.tokens -= 1
                queue.line.pop(holder, None)
                queue.turns.pop(holder, None)
                return 0.0
            self._arrivals += 1
            queue.line.setdefault(holder, (0 if urgent else 1, self._arrivals))
            wait = announced(missing / per_second)
            queue.turns[holder] = now + wait
            return wait

    def _forget_absent(self, queue: _Queue, now: float) -> None:
        while queue.line:
            first = min(queue.line, key=queue.line.__getitem__)
            if queue.turns[first] + GRACE_SECONDS >= now:
                return
            del queue.line[first], queue.turns[first]

    def _ahead(self, queue: _Queue, holder: str, urgent: bool) -> int:
        place = queue.line.get(holder, (0 if urgent else 1, float("inf")))
        return sum(1 for other in queue.line.values() if other < place)

    def slow_down(self, operation: str) -> None:
        """AWS throttled the operation: lower its rate."""
        with self._lock:
            now, queue = self._clock(), self._queues.get(operation)
            if queue is None:
                return
            queue.tokens = min(queue.tokens, 0.0)
            if now - queue.throttled_at < SPACING_SECONDS:
                return
            queue.throttled_factor = queue.share(now)
            queue.factor = max(LEAST, queue.throttled_factor * DECREASE)
            queue.throttled_at = now

    def states(self, operations: Iterable[str]) -> list[QueueState]:
        """Those operations that wait or are slowed down."""
        with self._lock:
            now = self._clock()
            known = [(name, self._queues[name]) for name in operations if name in self._queues]
            states = [QueueState(name, queue.share(now), len(queue.line)) for name, queue in known]
        return [state for state in states if state.waiting or state.share < 1]

    def clear_lines(self) -> None:
        """Nobody waits any more; the tokens stay as they are."""
        with self._lock:
            for queue in self._queues.values():
                queue.line.clear()
                queue.turns.clear()


# The rules of `LocalQueues.take`, by Redis's clock, so that all hosts share one. Lines are sorted sets:
# a bulk caller's score is the number of its arrival, an urgent one's is negative. Lua numbers are returned
# as text, because Redis truncates them.
_SHARE = """
local function share(bucket, now)
  local factor, base = tonumber(bucket[3] or 1), tonumber(bucket[4] or 1)
  if not bucket[5] then return 1 end
  local calm = now - tonumber(bucket[5])
  local speed = tonumber(ARGV[1]) * math.min(1, tonumber(bucket[6]) * base / tonumber(ARGV[2]))
  return math.min(1, factor + base * speed * calm * (1 + (calm / tonumber(ARGV[3])) ^ 2))
end
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'factor', 'throttled', 'throttled_at',
  'per_second')
"""

_TAKE = (
    _SHARE
    + """
local rate, burst, reserve = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local holder, urgent, grace = ARGV[7], ARGV[8] == '1', tonumber(ARGV[9])
local whole, part, forget = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
rate = rate * share(bucket, now)
local tokens, at = tonumber(bucket[1] or burst), tonumber(bucket[2] or now)
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
while true do
  local first = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if not first then break end
  if tonumber(redis.call('HGET', KEYS[3], first) or 0) + grace >= now then break end
  redis.call('ZREM', KEYS[2], first)
  redis.call('HDEL', KEYS[3], first)
end
local ahead = redis.call('ZRANK', KEYS[2], holder)
if not ahead then
  ahead = urgent and redis.call('ZCOUNT', KEYS[2], '-inf', 0) or redis.call('ZCARD', KEYS[2])
end
local missing = 1 + ahead + reserve - tokens
local wait = 0
if missing <= 0 then
  tokens = tokens - 1
  redis.call('ZREM', KEYS[2], holder)
  redis.call('HDEL', KEYS[3], holder)
else
  wait = missing / rate
  if wait > whole then wait = math.max(whole, wait * part) end
  local arrival = redis.call('HINCRBY', KEYS[1], 'arrivals', 1)
  redis.call('ZADD', KEYS[2], 'NX', urgent and arrival - 1000000000000 or arrival, holder)
  redis.call('HSET', KEYS[3], holder, string.format('%.6f', now + wait))
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now),
  'per_second', ARGV[4])
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate + forget))
redis.call('EXPIRE', KEYS[2], math.ceil(wait + forget))
redis.call('EXPIRE', KEYS[3], math.ceil(wait + forget))
return tostring(wait)
"""
)

_SLOW_DOWN = (
    _SHARE
    + """
local decrease, least, spacing = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
if not bucket[1] then return '' end
redis.call('HSET', KEYS[1], 'tokens', tostring(math.min(tonumber(bucket[1]), 0)))
if bucket[5] and now - tonumber(bucket[5]) < spacing then return '' end
local throttled = share(bucket, now)
redis.call('HSET', KEYS[1], 'throttled', tostring(throttled),
  'factor', tostring(math.max(least, throttled * decrease)), 'throttled_at', string.format('%.6f', now))
return ''
"""
)

_STATE = _SHARE + "return {tostring(share(bucket, now)), redis.call('ZCARD', KEYS[2])}"


class RedisQueues:
    """Queues shared through Redis. While Redis fails, queues of this process replace them."""

    RETRY_REDIS_SECONDS = 5.0

    def __init__(
        self, redis_client: Any, *, prefix: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._prefix = prefix
        self._clock = clock
        self._client = redis_client
        self._take = redis_client.register_script(_TAKE)
        self._slow_down = redis_client.register_script(_SLOW_DOWN)
        self._state = redis_client.register_script(_STATE)
        self._local = LocalQueues(clock=clock)
        self._down_until = float("-inf")

    def take(self, operation: str, rate: Rate, *, holder: str, urgent: bool) -> float:
        """Take a token for `holder`. Returns 0, or the seconds until it should ask again."""
        reserve = 0 if urgent else reserve_of(rate)
        numbers = [GRACE_SECONDS, WHOLE_WAIT_SECONDS, PART_OF_WAIT, FORGET_SECONDS]
        arguments = [rate.per_second, rate.burst, reserve, holder, int(urgent), *numbers]
        wait = self._run(self._take, operation, arguments)
        if wait is None:
            return self._local.take(operation, rate, holder=holder, urgent=urgent)
        return float(wait)

    def slow_down(self, operation: str) -> None:
        """AWS throttled the operation: lower its rate."""
        if self._run(self._slow_down, operation, [DECREASE, LEAST, SPACING_SECONDS]) is None:
            self._local.slow_down(operation)

    def states(self, operations: Iterable[str]) -> list[QueueState]:
        """Those operations that wait or are slowed down."""
        operations = list(operations)
        found = [(name, self._run(self._state, name, [])) for name in operations]
        if any(answer is None for _, answer in found):
            return self._local.states(operations)
        states = [QueueState(name, float(share), int(waiting)) for name, (share, waiting) in found]
        return [state for state in states if state.waiting or state.share < 1]

    def _run(self, script: Any, operation: str, arguments: list[Any]) -> Any:
        """The script's answer, or None while Redis fails."""
        if self._clock() < self._down_until:
            return None
        key = self._prefix + operation
        try:
            return script(
                keys=[key, f"{key}:line", f"{key}:turns"],
                args=[RECOVERY, FULL_RECOVERY, CALM_SECONDS, *arguments],
            )
        except redis.RedisError as error:
            self._down_until = self._clock() + self.RETRY_REDIS_SECONDS
            # A demoted Redis keeps its connections and refuses every write: the next one is a new one.
            self._client.connection_pool.disconnect()
            logger.warning("The rate limit falls back to this process, because Redis failed: %s", error)
            return None
