"""A bar chart as plain SVG: drawn on the server, so that it refreshes with its page and needs no script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, HEIGHT = 960, 160
MOST_BARS = 240
FEWEST_SLOTS = 32  # a show of two minutes is not drawn as two walls
TICKS = 4
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Value:
    """What was measured in the `seconds` from `start` on. `hollow`: it may still change."""

    start: datetime
    amount: int
    hollow: bool = False
    seconds: int = 60


@dataclass(frozen=True)
class Bar:
    """A drawn bar, in the units of the SVG."""

    value: Value
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tick:
    """A mark on the axis of time, so many percent from the left."""

    at: datetime
    percent: float


@dataclass(frozen=True)
class Chart:
    """Bars over time, in which a gap is a gap, and what stands at the axes.

    `minutes`: the time that each bar stands for. `levels`: the marks of the other axis, highest first.
    """

    bars: list[Bar]
    highest: int
    levels: list[int]
    ticks: list[Tick]
    minutes: int
    width: int = WIDTH
    height: int = HEIGHT


def round_up(amount: int) -> int:
    """The next 1, 2 or 5 followed by zeros: the top of an axis that people can read."""
    power = 10 ** (len(str(max(amount, 1))) - 1)
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= amount)


def merged(values: Iterable[Value], first: datetime, minutes: int) -> dict[int, Value]:
    """Their sums by spans of so many minutes since `first`; hollow if any part of a span is."""
    spans: defaultdict[int, list[Value]] = defaultdict(list)
    for value in values:
        spans[(value.start - first) // (minutes * MINUTE)].append(value)
    return {
        span: Value(
            first + span * minutes * MINUTE,
            sum(part.amount for part in parts),
            any(part.hollow for part in parts),
            minutes * 60,
        )
        for span, parts in sorted(spans.items())
    }


def chart(values: Sequence[Value]) -> Chart | None:
    """The chart of these values; None if there are none."""
    if not values:
        return None
    first, last = min(each.start for each in values), max(each.start for each in values)
    total = (last - first) // MINUTE + 1
    minutes = max(-(-total // MOST_BARS), max(each.seconds for each in values) // 60)
    shown = merged(values, first, minutes)
    slots = TICKS * -(-max(max(shown) + 1, FEWEST_SLOTS) // TICKS)
    highest = max(each.amount for each in shown.values())
    top, step = round_up(highest), WIDTH / slots
    bars = [_bar(value, span * step, step * 0.82, value.amount / top) for span, value in shown.items()]
    return Chart(bars, highest, [top, top // 2, 0], _ticks(first, slots, minutes), minutes)


def _bar(value: Value, x: float, width: float, share: float) -> Bar:
    height = round(share * HEIGHT, 1)
    return Bar(value, round(x, 1), round(HEIGHT - height, 1), round(width, 1), height)


def _ticks(first: datetime, slots: int, minutes: int) -> list[Tick]:
    """At whole bars, evenly apart; `slots` is a multiple of their number."""
    every = slots // TICKS
    return [Tick(first + n * every * minutes * MINUTE, 100 * n / TICKS) for n in range(TICKS)]
