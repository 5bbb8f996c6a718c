"""The queues for AWS calls that all workers share: scripts in Redis with the rules of `call_queue`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import redis

from streamhub.aws import adaptive_rate
from streamhub.aws.call_queue import (
    FORGET_SECONDS,
    GRACE_SECONDS,
    LATE_SECONDS,
    PART_OF_WAIT,
    QUIET_SECONDS,
    WHOLE_WAIT_SECONDS,
    LocalQueues,
    QueueState,
    Throttle,
)
from streamhub.redis_servers import drop_idle_connections
from streamhub.token_bucket import Rate

logger = logging.getLogger(__name__)

# The rules of `LocalQueues.take`, by Redis's clock, so that all hosts share one. KEYS: the bucket, and as
# sorted sets the line, the turns of urgent callers and those of others. A bulk caller's score in the line is
# the number of its arrival, an urgent one's is negative. Numbers are returned as text: Redis truncates them.
_BUCKET = (
    adaptive_rate.LUA
    + """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local stored = redis.call('HMGET', KEYS[1], 'limit', 'goal', 'granted', 'refused', 'busy', 'grown',
  'throttled_at', 'tokens', 'at', 'ceiling')
"""
)

_TAKE = (
    _BUCKET
    + """
local ceiling, burst, holder, urgent = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4] == '1'
local late, grace, forget = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local whole, part = tonumber(ARGV[8]), tonumber(ARGV[9])
local rate = adaptive(stored, ceiling)
local per_second = rate.per_second(now)
burst = math.max(1, burst * per_second / ceiling)
local reserve = urgent and 0 or math.min(burst / 3, math.max(0, burst - 1))
local tokens, at = tonumber(stored[8] or burst), tonumber(stored[9] or now)
tokens = math.min(burst, tokens + math.max(0, now - at) * per_second)
local mine = urgent and KEYS[3] or KEYS[4]
redis.call('ZREM', KEYS[3], holder)
redis.call('ZREM', KEYS[4], holder)
local arrived = tonumber(redis.call('ZSCORE', KEYS[2], holder) or nil)
if arrived and (arrived < 0) ~= urgent then redis.call('ZREM', KEYS[2], holder) end
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
  rate.grant(now, tokens < burst / 2)
  redis.call('ZREM', KEYS[2], holder)
else
  wait = rate.seconds_for(missing, now)
  if wait > whole then wait = math.max(whole, wait * part) end
  local arrival = redis.call('HINCRBY', KEYS[1], 'arrivals', 1)
  redis.call('ZADD', KEYS[2], 'NX', urgent and arrival - 1000000000000 or arrival, holder)
  redis.call('ZADD', mine, string.format('%.6f', now + wait), holder)
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now), 'ceiling', ARGV[1],
  rate.fields())
for n = 1, 4 do redis.call('EXPIRE', KEYS[n], math.ceil(wait + forget)) end
return tostring(wait)
"""
)

_SLOW_DOWN = (
    _BUCKET
    + """
if not stored[8] then return '' end
local rate = adaptive(stored, tonumber(stored[10]))
rate.throttle(now)
redis.call('HSET', KEYS[1], 'tokens', tostring(math.min(tonumber(stored[8]), 0)), rate.fields())
local operation, quiet = ARGV[1], tonumber(ARGV[2])
local began, last = string.match(redis.call('HGET', KEYS[5], operation) or '', '(%S+) (%S+)')
if not began or now - tonumber(last) > quiet then began = string.format('%.6f', now) end
redis.call('HSET', KEYS[5], operation, began .. ' ' .. string.format('%.6f', now))
redis.call('EXPIRE', KEYS[5], math.ceil(quiet))
return ''
"""
)

# All throttles, as text: the operation, since when and when last, in seconds before now. KEYS: their hash.
_THROTTLES = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local kept, found = redis.call('HGETALL', KEYS[1]), {}
for n = 1, #kept, 2 do
  local began, last = string.match(kept[n + 1], '(%S+) (%S+)')
  found[#found + 1] = table.concat({kept[n], now - tonumber(began), now - tonumber(last)}, ' ')
end
return found
"""

_PLACE = "return (redis.call('ZRANK', KEYS[2], ARGV[1]) or -1) + 1"

_STATE = (
    _BUCKET
    + """
if not stored[10] then return {} end
local rate = adaptive(stored, tonumber(stored[10]))
return {stored[10], tostring(rate.per_second(now)), redis.call('ZCARD', KEYS[2]), rate.limit > 0 and 1 or 0}
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
        self._place = redis_client.register_script(_PLACE)
        self._throttles = redis_client.register_script(_THROTTLES)
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
        if self._run(self._slow_down, operation, [operation, QUIET_SECONDS]) is None:
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

    def throttles(self) -> list[Throttle]:
        """What AWS has throttled in the last `QUIET_SECONDS`."""
        found = self._answer(self._throttles, [self._throttles_key], [])
        if found is None:
            return self._local.throttles()
        parts = [each.decode().split() for each in found]
        throttles = [Throttle(name, float(seconds), float(ago)) for name, seconds, ago in parts]
        return [throttle for throttle in throttles if throttle.ago <= QUIET_SECONDS]

    def place(self, operation: str, holder: str) -> int:
        """The place of `holder` in the line, from 1; 0: it does not stand there."""
        place = self._run(self._place, operation, [holder])
        return self._local.place(operation, holder) if place is None else int(place)

    @property
    def _throttles_key(self) -> str:
        return f"{self._prefix}throttles"

    def _run(self, script: Any, operation: str, arguments: list[Any]) -> Any:
        """The script's answer about an operation, or None while Redis fails."""
        key = self._prefix + operation
        keys = [key, f"{key}:line", f"{key}:turns:urgent", f"{key}:turns", self._throttles_key]
        return self._answer(script, keys, arguments)

    def _answer(self, script: Any, keys: list[str], arguments: list[Any]) -> Any:
        """The script's answer, or None while Redis fails."""
        if self._clock() < self._down_until:
            return None
        try:
            return script(keys=keys, args=arguments)
        except redis.RedisError as error:
            self._down_until = self._clock() + self.RETRY_REDIS_SECONDS
            drop_idle_connections(self._client)
            logger.warning("The rate limit falls back to this process, because Redis failed: %s", error)
            return None
