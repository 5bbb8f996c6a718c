"""How long AWS takes, as this environment has seen it: per operation, from the newest waits.

Nobody sees the end itself: a look finds it ended, the look before found it not. So a wait is an interval,
and is spread over it in the shape of the operation's documented default. If only the time of the look
counted, the plan would confirm itself; so would the most likely figures for the intervals (Turnbull's
estimate), which put the ends just before the looks. Without history the default counts, later a little.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

from django.conf import settings

from streamhub.contributions import contributed
from streamhub.lifecycle.look_plan import Quantiles
from streamhub.lifecycle.models import Duration

# The newest waits that count, and all that are kept of an operation.
KEPT = 48
# As many waits as the default counts for.
DEFAULT_WEIGHT = 2.0
POINTS = 32
# The defaults hold for this OBSERVE_SECONDS. Who looks more often has an AWS that is faster (a scaled one).
DEFAULT_OBSERVE_SECONDS = 15


@dataclass(frozen=True)
class Operation:
    """Something that AWS accepts at once and carries out later. Apps contribute theirs as `operations`.

    `key`: the call that begins it. `does`: what AWS does, for people. `default`: seconds at equally spaced
    probabilities from 0 to 1, from `source`. `look_cost`: the delay that one look is worth, as a part of the
    median: small if somebody waits for it. `ended(row)`: whether a row that waited for it has seen its end.
    `on_air`: it is part of a show, so that what is done outside must be seen soon, whatever AWS's own pace.
    `by_list`: nobody waits for it and no step follows it, so that the next complete list is its look.
    """

    key: str
    does: str
    default: tuple[float, ...]
    source: str
    look_cost: float
    ended: Callable[[Any], bool]
    on_air: bool = False
    by_list: bool = False

    @property
    def assumed(self) -> Quantiles:
        """The default, in the time of this environment."""
        factor = min(1.0, settings.OBSERVE_SECONDS / DEFAULT_OBSERVE_SECONDS)
        return Quantiles(tuple(seconds * factor for seconds in self.default))


@dataclass(frozen=True)
class History:
    """What is known of an operation: `waits` that were seen here, and the quantiles that follow."""

    operation: Operation
    waits: int
    quantiles: Quantiles


def operations() -> list[Operation]:
    """The operations of all apps."""
    return list(contributed("operations"))


def operation_of(key: str) -> Operation | None:
    return next((operation for operation in operations() if operation.key == key), None)


def history(operation: Operation) -> History:
    """One query; the estimate is kept until another wait is recorded."""
    waits = Duration.objects.filter(operation=operation.key).order_by("-pk")
    seen = tuple(waits.values_list("after_seconds", "by_seconds")[:KEPT])
    return History(operation, len(seen), estimated(seen, operation.assumed))


def record(key: str, after_seconds: float, by_seconds: float) -> None:
    """Record that it took more than `after_seconds` and at most `by_seconds`. The oldest are dropped."""
    Duration.objects.create(operation=key, after_seconds=after_seconds, by_seconds=by_seconds)
    of_key = Duration.objects.filter(operation=key)
    oldest = of_key.order_by("-pk").values_list("pk", flat=True)[KEPT - 1 : KEPT].first()
    if oldest is not None:
        of_key.filter(pk__lt=oldest).delete()


@lru_cache(maxsize=64)
def estimated(waits: tuple[tuple[float, float], ...], default: Quantiles) -> Quantiles:
    """The mean of what the waits and the default say; the default counts as `DEFAULT_WEIGHT` waits."""
    if not waits:
        return Quantiles(tuple(default.at(part / POINTS) for part in range(POINTS + 1)))
    edges = sorted({*default.seconds, *(point for wait in waits for point in wait)})
    # Where the default has nothing, an interval is divided evenly.
    assumed = [
        default.share_until(high) - default.share_until(low) + 1e-6 * (high - low) / edges[-1]
        for low, high in pairwise(edges)
    ]
    shares = [DEFAULT_WEIGHT * share for share in assumed]
    for after, by in waits:
        low, high = bisect_left(edges, after), bisect_left(edges, by)
        inside = sum(assumed[low:high])
        for part in range(low, high):
            shares[part] += assumed[part] / inside
    return _quantiles(edges, shares)


def _quantiles(edges: list[float], shares: list[float]) -> Quantiles:
    """The quantiles if these shares of all cases end between the edges."""
    until = [0.0, *accumulate(shares)]
    points = []
    for part in range(POINTS + 1):
        wanted = until[-1] * part / POINTS
        high = max(1, min(bisect_left(until, wanted), len(edges) - 1))
        inside = (wanted - until[high - 1]) / (until[high] - until[high - 1])
        points.append(edges[high - 1] + min(1.0, max(0.0, inside)) * (edges[high] - edges[high - 1]))
    return Quantiles(tuple(points))
