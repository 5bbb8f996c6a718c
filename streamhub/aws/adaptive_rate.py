"""The rate of one AWS operation below its configured ceiling, learned from what AWS throttles.

Without a throttle so far, it begins at `START` calls a second and grows with every call, up to the ceiling.
A throttle sets it to `1 - DECREASE` of what AWS has accepted since the throttle before, so that a rate that
is far too high falls in a few steps. It then grows back to what was accepted and stays near it before it
grows beyond (cubic, as in TCP CUBIC). Beyond, it grows with calls, not with time: a pause proves nothing. Nor
does a call that found a bucket with plenty of tokens: a rate that nobody uses is not known to be accepted.

While AWS accepts less than half, or there were few calls, its limit is not learned: AWS may refuse everything
for some seconds. The rate falls, but the one from before stays the `goal`, to which time without a throttle
leads back within half a minute. After an hour without one, time leads on towards `START`, hour by hour: a
limit of yesterday may not be that of today, and so much is tried of every operation.

`LUA` has the same rules for Redis.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

from streamhub.token_bucket import Rate

# Calls a second before AWS has said anything, and what each further call adds.
START = 10.0
GROWTH = 0.5
DECREASE = 0.1
# The least that a throttle leaves, as a share of the configured rate, and of what was accepted.
LEAST = 0.02
LEAST_ACCEPTED = 0.5
# Fewer calls than these teach no limit.
LEAST_CALLS = 4
# Throttles within this time of one that lowered the rate belong to it, and in the first half of it they
# answer calls that were sent before.
SPACING_SECONDS = 0.5
# How long the rate takes to be back at what AWS accepted: seconds of calls, and at least this many calls, so
# that few calls are spent on finding AWS's limit.
RECOVERY_SECONDS = 10.0
RECOVERY_CALLS = 150.0
# In so many seconds without a throttle the limit doubles, up to the goal.
DOUBLING_SECONDS = 5.0
# From then on without a throttle it doubles in as many seconds again, up to `START`.
REMEMBERED_SECONDS = 3600.0
# More doublings than any rate needs.
DOUBLINGS = 64.0


@dataclass
class AdaptiveRate:
    """`ceiling`: calls a second as configured. `limit`: what AWS accepted when it last throttled; 0: never.

    `goal`: calls a second to which time leads back; 0: to no more than `limit`, because that was learned.

    Since the last throttle: `granted` tokens, `busy` the seconds that they take at their rates, `refused`
    throttles, and `grown`, of the tokens that were short: how many, if there never was a throttle, and else
    their seconds since the goal was reached.
    """

    ceiling: float
    limit: float = 0.0
    goal: float = 0.0
    granted: int = 0
    refused: int = 0
    busy: float = 0.0
    grown: float = 0.0
    throttled_at: float = float("-inf")

    def per_second(self, now: float) -> float:
        """Calls a second at `now` (seconds of any clock)."""
        if not self.limit:
            return min(self.ceiling, START + GROWTH * self.grown)
        limit = self._limit(now)
        recovery = max(RECOVERY_SECONDS, RECOVERY_CALLS / limit)
        return min(self.ceiling, limit * (1 + DECREASE * (self.grown / recovery - 1) ** 3))

    def _limit(self, now: float) -> float:
        """The limit, with what time has added to it."""
        quiet, known = now - self.throttled_at, max(self.limit, self.goal)
        if quiet <= REMEMBERED_SECONDS:
            return min(known, self.limit * 2 ** (max(0.0, quiet) / DOUBLING_SECONDS))
        hours = min(DOUBLINGS, quiet / REMEMBERED_SECONDS - 1)
        return max(known, min(START, known * 2**hours))

    def seconds_for(self, tokens: float, now: float) -> float:
        """How long so many tokens take at most, if AWS throttles no more."""
        seconds = tokens / self.per_second(now)
        if self._limit(now) >= self.goal:
            return seconds
        back_at = self.throttled_at + DOUBLING_SECONDS * log2(self.goal / self.limit)
        return min(seconds, back_at - now + tokens / self.per_second(back_at))

    def bucket(self, rate: Rate, now: float) -> Rate:
        """The bucket at `now`: a lower rate has a smaller burst, because AWS's own bucket is as small."""
        per_second = self.per_second(now)
        return Rate(per_second, max(1.0, rate.burst * per_second / self.ceiling))

    def grant(self, now: float, *, short: bool) -> None:
        """A token was given out. `short`: less than half of the bucket is left."""
        seconds = 1 / self.per_second(now)
        self.busy += seconds
        self.granted += 1
        if not self.limit:
            self.grown += short
        elif short and self._limit(now) >= self.goal:
            self.grown += seconds

    def throttle(self, now: float) -> None:
        """AWS refused a call at `now` (seconds of any clock)."""
        since = now - self.throttled_at
        self.refused += since >= SPACING_SECONDS / 2
        if since < SPACING_SECONDS:
            return
        rate = self.per_second(now)
        mean = self.granted / self.busy if self.granted else rate
        accepted = 1 - self.refused / self.granted if self.granted else 0.0
        used = min(rate, mean)
        learned = accepted >= LEAST_ACCEPTED and self.granted >= LEAST_CALLS
        self.goal = 0.0 if learned else max(self.goal, used)
        self.limit = max(self.ceiling * LEAST, used * max(LEAST_ACCEPTED, accepted))
        self.granted, self.refused, self.busy, self.grown, self.throttled_at = 0, 0, 0.0, 0.0, now


# `state`: limit, goal, granted, refused, busy, grown and throttled_at as read from a hash (strings or false).
LUA = f"""
local function adaptive(state, ceiling)
  local rate = {{limit = tonumber(state[1] or 0), goal = tonumber(state[2] or 0),
    granted = tonumber(state[3] or 0), refused = tonumber(state[4] or 0), busy = tonumber(state[5] or 0),
    grown = tonumber(state[6] or 0), throttled_at = tonumber(state[7] or 0)}}
  local function limit_at(now)
    local quiet, known = now - rate.throttled_at, math.max(rate.limit, rate.goal)
    if quiet <= {REMEMBERED_SECONDS} then
      return math.min(known, rate.limit * 2 ^ (math.max(0, quiet) / {DOUBLING_SECONDS}))
    end
    local hours = math.min({DOUBLINGS}, quiet / {REMEMBERED_SECONDS} - 1)
    return math.max(known, math.min({START}, known * 2 ^ hours))
  end
  function rate.per_second(now)
    if rate.limit == 0 then return math.min(ceiling, {START} + {GROWTH} * rate.grown) end
    local limit = limit_at(now)
    local recovery = math.max({RECOVERY_SECONDS}, {RECOVERY_CALLS} / limit)
    return math.min(ceiling, limit * (1 + {DECREASE} * (rate.grown / recovery - 1) ^ 3))
  end
  function rate.seconds_for(tokens, now)
    local seconds = tokens / rate.per_second(now)
    if limit_at(now) >= rate.goal then return seconds end
    local back_at = rate.throttled_at + {DOUBLING_SECONDS} * math.log(rate.goal / rate.limit) / math.log(2)
    return math.min(seconds, back_at - now + tokens / rate.per_second(back_at))
  end
  function rate.grant(now, short)
    local seconds = 1 / rate.per_second(now)
    rate.busy = rate.busy + seconds
    rate.granted = rate.granted + 1
    if rate.limit == 0 then
      rate.grown = rate.grown + (short and 1 or 0)
    elseif short and limit_at(now) >= rate.goal then
      rate.grown = rate.grown + seconds
    end
  end
  function rate.throttle(now)
    local since = now - rate.throttled_at
    if since >= {SPACING_SECONDS} / 2 then rate.refused = rate.refused + 1 end
    if since < {SPACING_SECONDS} then return end
    local used, accepted = rate.per_second(now), 0
    if rate.granted > 0 then
      used = math.min(used, rate.granted / rate.busy)
      accepted = 1 - rate.refused / rate.granted
    end
    local learned = accepted >= {LEAST_ACCEPTED} and rate.granted >= {LEAST_CALLS}
    rate.goal = learned and 0 or math.max(rate.goal, used)
    rate.limit = math.max(ceiling * {LEAST}, used * math.max({LEAST_ACCEPTED}, accepted))
    rate.granted, rate.refused, rate.busy, rate.grown, rate.throttled_at = 0, 0, 0, 0, now
  end
  function rate.fields()
    return 'limit', tostring(rate.limit), 'goal', tostring(rate.goal), 'granted', rate.granted,
      'refused', rate.refused, 'busy', tostring(rate.busy), 'grown', tostring(rate.grown),
      'throttled_at', string.format('%.6f', rate.throttled_at)
  end
  return rate
end
"""
