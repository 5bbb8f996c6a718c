"""The rate limit for AWS calls: a token bucket and a line per operation, shared by all workers.

All workers use the limits of the same account, so the queues are in the broker's Redis (`call_queue`).
Without Redis (in embedded mode, or while it is down) each process has its own. A step never waits here: the
call is `NotSent` and the step comes back when its turn comes. Other callers, and the later pages of a list,
wait for their turn, so that a long list is read to its end.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from streamhub.aws.adaptive_rate import AdaptiveRate
from streamhub.aws.call_queue import Queues, QueueState
from streamhub.errors import Misconfigured, NotSent, Retryable
from streamhub.token_bucket import Rate

# The key prefix of the shared queues in Redis.
PREFIX = "streamhub:rate:"
# The longest wait of one call for its turn, and of one step for all later pages of its lists.
CALL_PATIENCE_SECONDS = 30.0
LIST_PATIENCE_SECONDS = 25.0


@dataclass
class Caller:
    """Who makes the calls: its name in the line, its urgency, and the seconds that it may still wait.

    `patience` None: `CALL_PATIENCE_SECONDS` for each call. `prepaid`: operations whose token it has already.
    `calls`: how many calls were sent to AWS.
    """

    holder: str
    urgent: bool = False
    patience: float | None = None
    prepaid: list[str] = field(default_factory=list)
    calls: int = 0


_caller: ContextVar[Caller | None] = ContextVar("streamhub_caller", default=None)


@contextmanager
def step_of(holder: str, *, urgent: bool) -> Iterator[None]:
    """The calls made inside this context belong to a step: they do not wait for a token."""
    token = _caller.set(Caller(holder, urgent, patience=0))
    try:
        yield
    finally:
        _caller.reset(token)


@contextmanager
def urgency() -> Iterator[None]:
    """The calls made inside this context are urgent."""
    token = _caller.set(replace(current_caller(), urgent=True))
    try:
        yield
    finally:
        _caller.reset(token)


@contextmanager
def patient_step() -> Iterator[None]:
    """In a step: the calls in this context may wait `LIST_PATIENCE_SECONDS` in all. Elsewhere no effect."""
    caller = current_caller()
    if caller.patience is None:
        yield
        return
    before, caller.patience = caller.patience, max(caller.patience, LIST_PATIENCE_SECONDS)
    try:
        yield
    finally:
        caller.patience = before


def current_caller() -> Caller:
    """The caller of the running code. Outside steps: this thread, patient and not urgent."""
    return _caller.get() or Caller(f"thread:{os.uname().nodename}:{os.getpid()}:{threading.get_ident()}")


# The first match counts. AWS publishes few of these rates; the others are well below what comparable
# controllers sustain ("Throttling", "Rate exceeded": AWS_RULES 7, 12, 24).
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
    "secretsmanager:*": Rate(5, 10),
    # Route 53 takes five requests a second for the whole account.
    "route53:*": Rate(3, 5),
    "service-quotas:*": Rate(2, 10),
    # AWS publishes no rate of it; it is asked some hundred times a month.
    "pricing:*": Rate(2, 10),
    "*": Rate(5, 10),
}


def rate_for(operation: str, rates: Mapping[str, Rate] = RATES) -> Rate:
    """The rate of an operation (`service:Operation`): that of the first matching pattern."""
    for pattern, rate in rates.items():
        if fnmatchcase(operation, pattern):
            return rate
    raise KeyError(operation)


def scaled(rates: Mapping[str, Rate], factor: float) -> dict[str, Rate]:
    """All rates multiplied by `factor`."""
    return {pattern: rate.times(factor) for pattern, rate in rates.items()}


def parse_rates(text: str) -> dict[str, Rate]:
    """The rates of `AWS_RATES`: `cloudfront:DeleteDistribution=10/20,medialive:*=5/15`. Raises Misconfigured.

    Each is a pattern, calls per second, and after the slash how many at once (1 or more).
    """
    rates = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        pattern, equals, numbers = entry.partition("=")
        try:
            per_second, _, burst = numbers.partition("/")
            rate = Rate(float(per_second), float(burst))
        except ValueError:
            rate = Rate(0, 0)
        sound = (
            equals and pattern.count(":") == 1 and 0 < rate.per_second < 10_000 and 1 <= rate.burst < 10_000
        )
        if not sound:
            raise Misconfigured(
                f"AWS_RATES: {entry!r} is not valid. Write service:Operation=per second/burst, for example "
                "cloudfront:DeleteDistribution=10/20."
            )
        rates[pattern.strip()] = rate
    return rates


def rates_of(text: str, factor: float = 1.0) -> dict[str, Rate]:
    """The rates of `AWS_RATES` as they are, then the defaults, multiplied by `factor`."""
    rates = parse_rates(text)
    return rates | {pattern: rate for pattern, rate in scaled(RATES, factor).items() if pattern not in rates}


class Limiter:
    """Takes a token before each AWS call. `queues`: this process's own, or shared by all workers."""

    def __init__(
        self,
        queues: Queues,
        rates: Mapping[str, Rate] = RATES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.queues = queues
        self.rates = rates
        self._sleep = sleep

    def acquire(self, operation: str) -> None:
        """Take one token for the current caller, which waits as long as it may.

        Raises NotSent in a step, and elsewhere Retryable.
        """
        caller = current_caller()
        if operation in caller.prepaid:
            caller.prepaid.remove(operation)
            return
        rate = rate_for(operation, self.rates)
        patience = CALL_PATIENCE_SECONDS if caller.patience is None else caller.patience
        while after := self.queues.take(operation, rate, holder=caller.holder, urgent=caller.urgent):
            if after > patience and caller.patience is None:
                raise Retryable(
                    f"StreamHub's own rate limit did not let the call go in {CALL_PATIENCE_SECONDS:.0f} s.",
                    after=after,
                    operation=operation,
                    code="OwnRateLimit",
                )
            if after > patience:
                raise NotSent(operation, after)
            self._sleep(after)
            patience -= after
            if caller.patience is not None:
                caller.patience = patience

    def prepay(self, operation: str) -> None:
        """In a step: take the token of a later call now, before the reads that prepare it. Raises NotSent."""
        caller = current_caller()
        if caller.patience is not None and operation not in caller.prepaid:
            self.acquire(operation)
            caller.prepaid.append(operation)

    def state(self, operation: str) -> QueueState:
        """The operation's rate and line now."""
        if states := self.queues.states([operation]):
            return states[0]
        rate = AdaptiveRate(rate_for(operation, self.rates).per_second)
        return QueueState(operation, rate.ceiling, rate.per_second(0), 0)

    def throttled(self, operation: str) -> None:
        """AWS throttled this operation: all workers call it less often for a while."""
        self.queues.slow_down(operation)
