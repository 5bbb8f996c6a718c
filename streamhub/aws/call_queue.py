"""The queue for AWS calls: one token bucket and one waiting line for each operation.

A caller that finds no token takes a place in the line and learns when its turn comes. It comes back then,
under the same name, and gets its token before those behind it. One that is late keeps its place, but those
behind it do not wait for it. Urgent callers stand before all others, and the last third of a bucket is theirs
alone. The rate is the configured one, or less while AWS throttles more (`adaptive_rate`).

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

from streamhub.aws import adaptive_rate
from streamhub.aws.adaptive_rate import AdaptiveRate
from streamhub.redis_servers import drop_idle_connections
from streamhub.token_bucket import Rate, refilled

logger = logging.getLogger(__name__)

# Nobody waits for a caller that is this late for its turn: its worker may be dead.
LATE_SECONDS = 1.0
# A caller that does not come back this long after its turn has lost its place.
GRACE_SECONDS = 30.0
# A long wait is announced in parts, because the line moves faster when the rate grows.
WHOLE_WAIT_SECONDS = 5.0
PART_OF_WAIT = 0.75
# What AWS throttled is remembered for as long without a call: its limits change seldom.
FORGET_SECONDS = 7 * 86_400


@dataclass(frozen=True)
class QueueState:
    """One operation now. `ceiling`: calls a second as configured; `per_second`: what AWS allows of them.

    `waiting`: callers in the line. `throttled`: AWS has throttled it, so that its limit is known.
    """

    operation: str
    ceiling: float
    per_second: float
    waiting: int
    throttled: bool = False

    @property
    def share(self) -> float:
        """What AWS allows of the configured rate."""
        return self.per_second / self.ceiling

    @property
    def seconds(self) -> float:
        """How long the line takes."""
        return self.waiting / self.per_second


class Queues(Protocol):
    """A bucket and a line for each operation. A new bucket is full."""

    def take(self, operation: str, rate: Rate, *, holder: str, urgent: bool) -> float:
        """Take a token for `holder`. Returns 0, or the seconds until it should ask again."""
        ...

    def slow_down(self, operation: str) -> None:
        """AWS throttled the operation: lower its rate."""
        ...

    def states(self, operations: Iterable[str]) -> list[QueueState]:
        """Those of the operations that were called lately."""
        ...


def reserve_of(rate: Rate) -> float:
    """Tokens that only urgent calls may take: the last third."""
    return min(rate.burst / 3, max(0.0, rate.burst - 1))


def announced(wait: float) -> float:
    """The part of a wait after which the caller should ask again."""
    return wait if wait <= WHOLE_WAIT_SECONDS else max(WHOLE_WAIT_SECONDS, wait * PART_OF_WAIT)


@dataclass
class _Queue:
    rate: AdaptiveRate
    tokens: float
    at: float
    # holder: (lane, arrival) and holder: when its turn comes. Lane 0 is urgent.
    line: dict[str, tuple[int, float]] = field(default_factory=dict)
    turns: dict[str, float] = field(default_factory=dict)

    def leave(self, holder: str) -> None:
        self.line.pop(holder, None)
        self.turns.pop(holder, None)

    def forget_absent(self, now: float) -> None:
        for holder in [holder for holder, turn in self.turns.items() if turn + GRACE_SECONDS < now]:
            self.leave(holder)

    def ahead(self, holder: str, lane: int, now: float) -> int:
        """Those before this holder that are not late."""
        place = self.line.get(holder, (lane, float("inf")))
        before = sum(1 for other in self.line.values() if other < place)
        late = sum(
            1
            for other, turn in self.turns.items()
            if other != holder and self.line[other][0] <= lane and turn + LATE_SECONDS < now
        )
        return max(0, before - late)


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
            now, lane = self._clock(), 0 if urgent else 1
            queue = self._queues.get(operation)
            if queue is None:
                adaptive = AdaptiveRate(rate.per_second)
                queue = self._queues[operation] = _Queue(adaptive, adaptive.bucket(rate).burst, now)
            queue.rate.ceiling = rate.per_second
            bucket = queue.rate.bucket(rate)
            queue.tokens, queue.at = refilled(queue.tokens, now - queue.at, bucket), now
            queue.forget_absent(now)
            reserve = 0 if urgent else reserve_of(bucket)
            missing = 1 + queue.ahead(holder, lane, now) + reserve - queue.tokens
            if missing <= 0:
                queue.tokens -= 1
                queue.rate.grant()
                queue.leave(holder)
                return 0.0
            self._arrivals += 1
            queue.line.setdefault(holder, (lane, self._arrivals))
            wait = announced(missing / bucket.per_second)
            queue.turns[holder] = now + wait
            return wait

    def slow_down(self, operation: str) -> None:
        """AWS throttled the operation: lower its rate."""
        with self._lock:
            if queue := self._queues.get(operation):
                queue.tokens = min(queue.tokens, 0.0)
                queue.rate.throttle(self._clock())

    def states(self, operations: Iterable[str]) -> list[QueueState]:
        """Those of the operations that were called lately."""
        with self._lock:
            known = [(name, self._queues[name]) for name in operations if name in self._queues]
            return [
                QueueState(
                    name, queue.rate.ceiling, queue.rate.per_second, len(queue.line), queue.rate.limit > 0
                )
                for name, queue in known
            ]

    def clear_lines(self) -> None:
        """Nobody waits any more; the tokens stay as they are."""
        with self._lock:
            for queue in self._queues.values():
                queue.line.clear()
                queue.turns.clear()


# The rules of `LocalQueues.take`, by Redis's clock, so that all hosts share one. KEYS: the bucket, and as
# sorted sets the line, the turns of urgent callers and those of others. A bulk caller's score in the line is
# the number of its arrival, an urgent one's is negative. Numbers are returned as text: Redis truncates them.
_BUCKET = (
    adaptive_rate.LUA
    + """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local stored = redis.call('HMGET', KEYS[1], 'limit', 'granted', 'refused', 'busy', 'throttled_at',
  'tokens', 'at', 'ceiling')
"""
)

_TAKE = (
    _BUCKET
    + """
local ceiling, burst, holder, urgent = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4] == '1'
local late, grace, forget = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local whole, part = tonumber(ARGV[8]), tonumber(ARGV[9])
local rate = adaptive(stored, ceiling)
local per_second = rate.per_second()
burst = math.max(1, burst * per_second / ceiling)
local reserve = urgent and 0 or math.min(burst / 3, math.max(0, burst - 1))
local tokens, at = tonumber(stored[6] or burst), tonumber(stored[7] or now)
tokens = math.min(burst, tokens + math.max(0, now - at) * per_second)
local mine = urgent and KEYS[3] or KEYS[4]
redis.call('ZREM', mine, holder)
local function before(seconds) return '(' .. string.format('%.6f', now - seconds) end
local waiting_late = 0
for _, turns in ipairs({KEYS[3], KEYS[4]}) do
  for _, absent in ipairs(redis.call('ZRANGEBYSCORE', turns, '-inf', before(grace))) do
    redis.call('ZREM', KEYS[2], absent)
    redis.call('ZREM', turns, absent)
  end
  if turns == KEYS[3] or not urgent then
    waiting_late = waiting_late + redis.call('ZCOUNT', turns, '-inf', before(late))
  end
end
local ahead = redis.call('ZRANK', KEYS[2], holder)
if not ahead then
  ahead = urgent and redis.call('ZCOUNT', KEYS[2], '-inf', 0) or redis.call('ZCARD', KEYS[2])
end
local missing = 1 + math.max(0, ahead - waiting_late) + reserve - tokens
local wait = 0
if missing <= 0 then
  tokens = tokens - 1
  rate.grant()
  redis.call('ZREM', KEYS[2], holder)
else
  wait = missing / per_second
  if wait > whole then wait = math.max(whole, wait * part) end
  local arrival = redis.call('HINCRBY', KEYS[1], 'arrivals', 1)
  redis.call('ZADD', KEYS[2], 'NX', urgent and arrival - 1000000000000 or arrival, holder)
  redis.call('ZADD', mine, string.format('%.6f', now + wait), holder)
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now), 'ceiling', ARGV[1],
  rate.fields())
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, math.ceil(wait + forget)) end
return tostring(wait)
"""
)

_SLOW_DOWN = (
    _BUCKET
    + """
if not stored[6] then return '' end
local rate = adaptive(stored, tonumber(stored[8]))
rate.throttle(now)
redis.call('HSET', KEYS[1], 'tokens', tostring(math.min(tonumber(stored[6]), 0)), rate.fields())
return ''
"""
)

_STATE = (
    _BUCKET
    + """
if not stored[8] then return {} end
local rate = adaptive(stored, tonumber(stored[8]))
return {stored[8], tostring(rate.per_second()), redis.call('ZCARD', KEYS[2]), rate.limit > 0 and 1 or 0}
"""
)


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
        numbers = [LATE_SECONDS, GRACE_SECONDS, FORGET_SECONDS, WHOLE_WAIT_SECONDS, PART_OF_WAIT]
        arguments = [rate.per_second, rate.burst, holder, int(urgent), *numbers]
        wait = self._run(self._take, operation, arguments)
        if wait is None:
            return self._local.take(operation, rate, holder=holder, urgent=urgent)
        return float(wait)

    def slow_down(self, operation: str) -> None:
        """AWS throttled the operation: lower its rate."""
        if self._run(self._slow_down, operation, []) is None:
            self._local.slow_down(operation)

    def states(self, operations: Iterable[str]) -> list[QueueState]:
        """Those of the operations that were called lately."""
        operations = list(operations)
        found = [(name, self._run(self._state, name, [])) for name in operations]
        if any(answer is None for _, answer in found):
            return self._local.states(operations)
        return [
            QueueState(name, float(answer[0]), float(answer[1]), int(answer[2]), bool(answer[3]))
            for name, answer in found
            if answer
        ]

    def _run(self, script: Any, operation: str, arguments: list[Any]) -> Any:
        """The script's answer, or None while Redis fails."""
        if self._clock() < self._down_until:
            return None
        key = self._prefix + operation
        try:
            keys = [key, f"{key}:line", f"{key}:turns:urgent", f"{key}:turns"]
            return script(keys=keys, args=arguments)
        except redis.RedisError as error:
            self._down_until = self._clock() + self.RETRY_REDIS_SECONDS
            drop_idle_connections(self._client)
            logger.warning("The rate limit falls back to this process, because Redis failed: %s", error)
            return None
