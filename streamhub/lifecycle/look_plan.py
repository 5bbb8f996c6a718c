"""When to look next at something that AWS works on: a function of values.

What is known is how long it takes, as quantiles. Each look costs a call; each second between the end and the
look that sees it is lost. The plan is the series of looks with the least expected sum of both, found
backwards from the last one. After a look that saw no end yet, the rest is planned again from there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

# In how many equally probable parts the rest is divided.
PARTS = 24
# Beyond what is known: the next look after this share of the time waited so far.
TAIL_SHARE = 0.15
# What takes longer than usual is looked at before it has taken so much longer again.
LATEST_SHARE = 0.5
LATE = 0.9
# With so few cases left the quantiles say nothing any more.
NOTHING_LEFT = 0.02


@dataclass(frozen=True)
class Quantiles:
    """How long something takes: seconds at equally spaced probabilities, the first at 0, the last at 1."""

    seconds: tuple[float, ...]

    def at(self, probability: float) -> float:
        """The seconds within which so large a part of all cases ends, between the quantiles in a line."""
        place = min(1.0, max(0.0, probability)) * (len(self.seconds) - 1)
        low = min(int(place), len(self.seconds) - 2)
        return self.seconds[low] + (place - low) * (self.seconds[low + 1] - self.seconds[low])

    def share_until(self, seconds: float) -> float:
        """The part of all cases that ends within so many seconds; the inverse of `at`."""
        place = bisect_right(self.seconds, seconds)
        if place == 0 or place == len(self.seconds):
            return float(place > 0)
        low, high = self.seconds[place - 1], self.seconds[place]
        return (place - 1 + (seconds - low) / (high - low)) / (len(self.seconds) - 1)

    @property
    def median(self) -> float:
        return self.at(0.5)

    def remaining(self, waited: float) -> Quantiles | None:
        """The quantiles of those that have not ended after `waited` seconds; None if hardly any is left."""
        ended = self.share_until(waited)
        if 1 - ended < NOTHING_LEFT:
            return None
        points = (self.at(ended + (1 - ended) * part / PARTS) for part in range(PARTS + 1))
        return Quantiles((waited, *(max(point, waited) for point in list(points)[1:])))


def next_look(
    quantiles: Quantiles, waited: float, *, look_cost: float, free_at: float | None = None
) -> float | None:
    """When to look next, in seconds since the beginning; None if the quantiles say nothing any more.

    `look_cost`: the seconds of delay that one look is worth. `free_at`: a look that is made anyway.
    """
    rest = quantiles.remaining(waited)
    if rest is None:
        return None
    points = sorted({*rest.seconds, *([free_at] if free_at and waited < free_at < rest.seconds[-1] else [])})
    ended = [rest.share_until(point) for point in points]
    ended[0], ended[-1] = 0.0, 1.0
    # The mean delay of all that ends until a point, for a look at 0: sums over the parts before it.
    parts = [(after - before, (low + high) / 2) for (before, after), (low, high) in _parts(ended, points)]
    sums = [0.0, *accumulate(share * middle for share, middle in parts)]
    best = [0.0] * len(points)
    chosen = [len(points) - 1] * len(points)
    for start in reversed(range(len(points) - 1)):
        costs = {
            look: points[look] * (ended[look] - ended[start])
            - (sums[look] - sums[start])
            + (0.0 if points[look] == free_at else look_cost * (1 - ended[start]))
            + best[look]
            for look in range(start + 1, len(points))
        }
        chosen[start] = min(costs, key=costs.__getitem__)
        best[start] = costs[chosen[start]]
    return points[chosen[0]]


def _parts(
    ended: Sequence[float], points: Sequence[float]
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return list(zip(pairwise(ended), pairwise(points), strict=True))


def beyond(waited: float, *, least: float, most: float) -> float:
    """The next look at what takes longer than anything known: growing intervals, between least and most."""
    return waited + min(max(TAIL_SHARE * waited, least), most)


def latest(quantiles: Quantiles, waited: float, *, hurried: bool) -> float:
    """The latest next look at what takes longer than usual, however little the quantiles expect by then.

    The long tail of the default must not hold up what is a little later than ever before.
    """
    if hurried and waited > quantiles.at(LATE):
        return waited * (1 + TAIL_SHARE)
    return waited * (1 + LATEST_SHARE) if waited > quantiles.median else quantiles.seconds[-1]
