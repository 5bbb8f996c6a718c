"""The queue for AWS calls: one token bucket and one waiting line for each operation.

A caller that finds no token takes a place in the line and learns when its turn comes. It comes back then,
under the same name, and gets its token before those behind it. One that is late keeps its place, but those
behind it do not wait for it. Urgent callers stand before all others, and the last third of a bucket is theirs
alone. The rate is the configured one, or less while AWS throttles more (`adaptive_rate`).

`LocalQueues` are of this process, those of `redis_call_queue` are shared by all workers. Both follow the same
rules.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from streamhub.aws.adaptive_rate import AdaptiveRate
from streamhub.token_bucket import Rate, refilled

# Nobody waits for a caller that is this late for its turn: its worker may be dead.
LATE_SECONDS = 1.0
# A caller that does not come back this long after its turn has lost its place.
GRACE_SECONDS = 30.0
# A long wait is announced in parts, because the line moves faster when the rate grows.
WHOLE_WAIT_SECONDS = 5.0
PART_OF_WAIT = 0.75
# Throttles at most this far apart are one.
QUIET_SECONDS = 60.0
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


@dataclass(frozen=True)
class Throttle:
    """AWS throttles an operation: since `seconds`, for the last time `ago` seconds ago."""

    operation: str
    seconds: float
    ago: float


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

    def throttles(self) -> list[Throttle]:
        """What AWS has throttled in the last `QUIET_SECONDS`."""
        ...

    def place(self, operation: str, holder: str) -> int:
        """The place of `holder` in the line, from 1; 0: it does not stand there."""
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
        # By operation: when its present throttle began, and when AWS throttled it last.
        self._throttles: dict[str, tuple[float, float]] = {}

    def take(self, operation: str, rate: Rate, *, holder: str, urgent: bool) -> float:
        """Take a token for `holder`. Returns 0, or the seconds until it should ask again."""
        with self._lock:
            now, lane = self._clock(), 0 if urgent else 1
            queue = self._queues.get(operation)
            if queue is None:
                adaptive = AdaptiveRate(rate.per_second)
                queue = self._queues[operation] = _Queue(adaptive, adaptive.bucket(rate, now).burst, now)
            queue.rate.ceiling = rate.per_second
            bucket = queue.rate.bucket(rate, now)
            queue.tokens, queue.at = refilled(queue.tokens, now - queue.at, bucket), now
            queue.forget_absent(now)
            if queue.line.get(holder, (lane, 0.0))[0] != lane:
                queue.leave(holder)  # it has become urgent, or is so no more: it joins anew
            reserve = 0 if urgent else reserve_of(bucket)
            missing = 1 + queue.ahead(holder, lane, now) + reserve - queue.tokens
            if missing <= 0:
                queue.tokens -= 1
                queue.rate.grant(now, short=queue.tokens < bucket.burst / 2)
                queue.leave(holder)
                return 0.0
            self._arrivals += 1
            queue.line.setdefault(holder, (lane, self._arrivals))
            wait = announced(queue.rate.seconds_for(missing, now))
            queue.turns[holder] = now + wait
            return wait

    def slow_down(self, operation: str) -> None:
        """AWS throttled the operation: lower its rate."""
        with self._lock:
            if queue := self._queues.get(operation):
                now = self._clock()
                queue.tokens = min(queue.tokens, 0.0)
                queue.rate.throttle(now)
                began, last = self._throttles.get(operation, (now, now))
                self._throttles[operation] = (began if now - last <= QUIET_SECONDS else now, now)

    def states(self, operations: Iterable[str]) -> list[QueueState]:
        """Those of the operations that were called lately."""
        with self._lock:
            now = self._clock()
            known = [(name, self._queues[name]) for name in operations if name in self._queues]
            return [
                QueueState(name, rate.ceiling, rate.per_second(now), len(queue.line), rate.limit > 0)
                for name, queue in known
                for rate in [queue.rate]
            ]

    def throttles(self) -> list[Throttle]:
        """What AWS has throttled in the last `QUIET_SECONDS`."""
        with self._lock:
            now = self._clock()
            found = [
                Throttle(name, now - began, now - last) for name, (began, last) in self._throttles.items()
            ]
        return [throttle for throttle in found if throttle.ago <= QUIET_SECONDS]

    def place(self, operation: str, holder: str) -> int:
        """The place of `holder` in the line, from 1; 0: it does not stand there."""
        with self._lock:
            line = self._queues[operation].line if operation in self._queues else {}
            return 1 + sum(other < line[holder] for other in line.values()) if holder in line else 0

    def clear_lines(self) -> None:
        """Nobody waits any more; the tokens stay as they are."""
        with self._lock:
            for queue in self._queues.values():
                queue.line.clear()
                queue.turns.clear()
