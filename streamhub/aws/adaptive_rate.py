"""The rate of one AWS operation below its configured ceiling, learned from what AWS throttles.

Without a throttle so far, it begins at `START` calls a second and grows with every call, up to the ceiling.
A throttle sets it to `1 - DECREASE` of what AWS has accepted since the throttle before, so that a rate that
is far too high falls in a few steps. It then grows back to what was accepted and stays near it before it
grows beyond (cubic, as in TCP CUBIC). It grows with calls, not with time: a pause proves nothing.

`LUA` has the same rules for Redis.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamhub.token_bucket import Rate

# Calls a second before AWS has said anything, and what each further call adds.
START = 10.0
GROWTH = 0.5
DECREASE = 0.1
# The least that a throttle leaves, as a share of the configured rate, and of what was accepted.
LEAST = 0.02
LEAST_ACCEPTED = 0.5
# Throttles within this time of one that lowered the rate belong to it, and in the first half of it they
# answer calls that were sent before.
SPACING_SECONDS = 0.5
# How long the rate takes to be back at what AWS accepted: seconds of calls, and at least this many calls, so
# that few calls are spent on finding AWS's limit.
RECOVERY_SECONDS = 10.0
RECOVERY_CALLS = 150.0


@dataclass
class AdaptiveRate:
    """`ceiling`: calls a second as configured. `limit`: what AWS accepted when it last throttled; 0: never.

    Since then: `granted` tokens, `busy` the seconds that they take at their rates, `refused` throttles.
    """

    ceiling: float
    limit: float = 0.0
    granted: int = 0
    refused: int = 0
    busy: float = 0.0
    throttled_at: float = float("-inf")

    @property
    def per_second(self) -> float:
        """Calls a second now."""
        if not self.limit:
            return min(self.ceiling, START + GROWTH * self.granted)
        recovery = max(RECOVERY_SECONDS, RECOVERY_CALLS / self.limit)
        return min(self.ceiling, self.limit * (1 + DECREASE * (self.busy / recovery - 1) ** 3))

    @property
    def share(self) -> float:
        """The present share of the configured rate."""
        return self.per_second / self.ceiling

    def bucket(self, rate: Rate) -> Rate:
        """The present bucket: a lower rate has a smaller burst, because AWS's own bucket is as small."""
        return Rate(self.per_second, max(1.0, rate.burst * self.share))

    def grant(self) -> None:
        """A token was given out."""
        self.busy += 1 / self.per_second
        self.granted += 1

    def throttle(self, now: float) -> None:
        """AWS refused a call at `now` (seconds of any clock)."""
        since = now - self.throttled_at
        self.refused += since >= SPACING_SECONDS / 2
        if since < SPACING_SECONDS:
            return
        rate = self.per_second
        mean = self.granted / self.busy if self.granted else rate
        accepted = 1 - self.refused / self.granted if self.granted else 0.0
        limit = min(rate, mean) * max(LEAST_ACCEPTED, accepted)
        self.limit = max(self.ceiling * LEAST, limit)
        self.granted, self.refused, self.busy, self.throttled_at = 0, 0, 0.0, now


# `state`: limit, granted, refused, busy and throttled_at as read from a hash (strings or false).
LUA = f"""
local function adaptive(state, ceiling)
  local rate = {{limit = tonumber(state[1] or 0), granted = tonumber(state[2] or 0),
    refused = tonumber(state[3] or 0), busy = tonumber(state[4] or 0),
    throttled_at = tonumber(state[5] or 0)}}
  function rate.per_second()
    if rate.limit == 0 then return math.min(ceiling, {START} + {GROWTH} * rate.granted) end
    local recovery = math.max({RECOVERY_SECONDS}, {RECOVERY_CALLS} / rate.limit)
    return math.min(ceiling, rate.limit * (1 + {DECREASE} * (rate.busy / recovery - 1) ^ 3))
  end
  function rate.grant()
    rate.busy = rate.busy + 1 / rate.per_second()
    rate.granted = rate.granted + 1
  end
  function rate.throttle(now)
    local since = now - rate.throttled_at
    if since >= {SPACING_SECONDS} / 2 then rate.refused = rate.refused + 1 end
    if since < {SPACING_SECONDS} then return end
    local mean, accepted = rate.per_second(), 0
    if rate.granted > 0 then
      mean = math.min(mean, rate.granted / rate.busy)
      accepted = 1 - rate.refused / rate.granted
    end
    rate.limit = math.max(ceiling * {LEAST}, mean * math.max({LEAST_ACCEPTED}, accepted))
    rate.granted, rate.refused, rate.busy, rate.throttled_at = 0, 0, 0, now
  end
  function rate.fields()
    return 'limit', tostring(rate.limit), 'granted', rate.granted, 'refused', rate.refused,
      'busy', tostring(rate.busy), 'throttled_at', string.format('%.6f', rate.throttled_at)
  end
  return rate
end
"""
