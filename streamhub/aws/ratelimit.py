"""The rate limit for AWS calls: one token bucket per AWS operation, shared by all workers.

All workers use the limits of the same account, so the buckets are in the broker's Redis. Without Redis
(in embedded mode, or while it is down) each process has its own. Bulk work may not take the last third of
a bucket, so that ten thousand deletions never delay a start. Nothing waits here: a caller without a token
gets `Throttled` with the seconds until the next token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase

from streamhub.errors import Throttled
from streamhub.token_bucket import Buckets, Rate

# The key prefix of the shared buckets in Redis.
PREFIX = "streamhub:rate:"

_urgent: ContextVar[bool] = ContextVar("streamhub_urgent", default=False)


@contextmanager
def urgency(urgent: bool = True) -> Iterator[None]:
    """Calls made inside this context are urgent, or bulk with False. The default is bulk."""
    token = _urgent.set(urgent)
    try:
        yield
    finally:
        _urgent.reset(token)


def is_urgent() -> bool:
    """Whether the running code is in an urgent context."""
    return _urgent.get()


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
    "*": Rate(5, 10),
}


def rate_for(operation: str, rates: Mapping[str, Rate] = RATES) -> Rate:
    """The rate of an operation (`service:Operation`): that of the first matching pattern."""
    for pattern, rate in rates.items():
        if fnmatchcase(operation, pattern):
            return rate
    raise KeyError(operation)


def reserve_of(rate: Rate) -> float:
    """Tokens that only urgent calls may take: the last third."""
    return rate.burst / 3


def scaled(rates: Mapping[str, Rate], factor: float) -> dict[str, Rate]:
    """All rates multiplied by `factor`."""
    return {pattern: rate.times(factor) for pattern, rate in rates.items()}


class Limiter:
    """Takes a token before each AWS call. `buckets`: this process's own, or shared by all workers."""

    def __init__(self, buckets: Buckets, rates: Mapping[str, Rate] = RATES) -> None:
        self.buckets = buckets
        self._rates = rates

    def acquire(self, operation: str, urgent: bool) -> None:
        """Take one token, or raise Throttled with `after` in seconds."""
        rate = rate_for(operation, self._rates)
        after = self.buckets.take(operation, rate, reserve=0 if urgent else reserve_of(rate))
        if after:
            raise Throttled(
                f"StreamHub's own rate limit allows the next call in {after:.1f} s.",
                after=after,
                operation=operation,
                code="OwnRateLimit",
            )
