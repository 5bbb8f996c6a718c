"""Whose an amount is: by weights of breakouts and of what no breakout explains. Functions of values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from billing.attribution import split
from billing.bill_rows import Unexplained

# A breakout by its key, or why it is none's.
Whose = int | Unexplained
Weights = Counter[Whose]
Interval = tuple[datetime, datetime]
MICROSECOND = timedelta(microseconds=1)


def shared(picos: int, weights: Weights, otherwise: Unexplained) -> list[tuple[Whose, int]]:
    """The amount in whole units by weight, by largest remainder; without weights all of it is `otherwise`.

    Of equal remainders breakouts come first, the older before the newer. The sum is the amount.
    """
    heavy = sorted((each for each in weights.items() if each[1] > 0), key=_order)
    if not heavy:
        return [(otherwise, picos)]
    parts = split(picos, [weight for _whose, weight in heavy])
    return [(whose, part) for (whose, _weight), part in zip(heavy, parts, strict=True)]


def _order(each: tuple[Whose, int]) -> tuple[bool, int, str]:
    whose = each[0]
    return (True, 0, str(whose)) if isinstance(whose, Unexplained) else (False, whose, "")


def minutes_of(
    breakouts: Iterable[tuple[int, Interval]], runs: Sequence[Interval], within: Interval
) -> Weights:
    """For how long each breakout was on air, and for how long the encoder ran without one (microseconds)."""
    weights: Weights = Counter()
    covered: list[Interval] = []
    for breakout, span in breakouts:
        if inside := _clipped(span, within):
            weights[breakout] += _length(inside)
            covered.append(inside)
    running = [inside for run in runs if (inside := _clipped(run, within))]
    alone = _union([*covered, *running]) - _union(covered)
    if alone:
        weights[Unexplained.REHEARSAL] = alone
    return weights


def _clipped(span: Interval, within: Interval) -> Interval | None:
    start, end = max(span[0], within[0]), min(span[1], within[1])
    return (start, end) if start < end else None


def _length(span: Interval) -> int:
    return (span[1] - span[0]) // MICROSECOND


def _union(spans: Iterable[Interval]) -> int:
    """The time that is in at least one of these intervals."""
    total, until = 0, None
    for start, end in sorted(spans):
        since = start if until is None else max(start, until)
        if end > since:
            total += _length((since, end))
            until = end
    return total
