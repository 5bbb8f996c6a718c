"""How often AWS may be asked: one token bucket per AWS operation, shared by all workers.

Every worker of an installation spends from the same account's rates, so the buckets live in the
broker's Redis. Urgent work comes first: bulk work may not take the last third of a bucket, so that
ten thousand deletions never delay a start. Nobody waits here: a caller without a token gets
`Throttled` with the seconds after which one will be there, and looks again later.

Without Redis (embedded mode, or Redis is down) the buckets are per process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase

from streamhub.errors import Throttled
from streamhub.token_bucket import Buckets, Rate

# Where the shared buckets stand in the broker's Redis.
PREFIX = "streamhub:rate:"

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


def reserve_of(rate: Rate) -> float:
    """Tokens that only urgent calls may take: the last third."""
    return rate.burst / 3


def scaled(rates: Mapping[str, Rate], factor: float) -> dict[str, Rate]:
    """All rates, so many times faster."""
    return {pattern: rate.times(factor) for pattern, rate in rates.items()}


class Limiter:
    """Who is asked before each AWS call. `buckets`: of this process, or shared by all workers."""

    def __init__(self, buckets: Buckets, rates: Mapping[str, Rate] = RATES) -> None:
        self.buckets = buckets
        self._rates = rates

    def acquire(self, operation: str, urgent: bool) -> None:
        """Take one token, or raise Throttled with `after` in seconds."""
        rate = rate_for(operation, self._rates)
        after = self.buckets.take(operation, rate, reserve=0 if urgent else reserve_of(rate))
        if after:
            raise Throttled(
                f"StreamHub's own rate limit allows the next call in {after:.1f} s",
                after=after,
                operation=operation,
                code="OwnRateLimit",
            )
