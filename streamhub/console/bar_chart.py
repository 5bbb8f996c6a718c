"""A bar chart as plain SVG, drawn on the server: it refreshes with its page and needs no script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, HEIGHT = 960, 160
MAX_BARS = 240
MIN_SLOTS = 32  # keeps the bars of a very short show narrow
TICKS = 4
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Value:
    """The amount measured in the `seconds` after `start`. `hollow`: it may still change."""

    start: datetime
    amount: int
    hollow: bool = False
    seconds: int = 60


@dataclass(frozen=True)
class Bar:
    """A bar in SVG units."""

    value: Value
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tick:
    """A mark on the time axis, `percent` from the left."""

    at: datetime
    percent: float


@dataclass(frozen=True)
class Chart:
    """Bars over time and the labels of both axes; times without a value stay empty.

    `minutes`: the length of time of each bar. `levels`: the labels of the vertical axis, highest first.
    """

    bars: list[Bar]
    highest: int
    levels: list[int]
    ticks: list[Tick]
    minutes: int
    width: int = WIDTH
    height: int = HEIGHT


def round_up(amount: int) -> int:
    """The next 1, 2 or 5 followed by zeros, for the top of an axis."""
    power = 10 ** (len(str(max(amount, 1))) - 1)
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= amount)


def merged(values: Iterable[Value], first: datetime, minutes: int) -> dict[int, Value]:
    """Sums over spans of `minutes` minutes, keyed by the span's number since `first`.

    A span is hollow if any of its values is.
    """
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
    """The chart of these values, or None if there are none."""
    if not values:
        return None
    first, last = min(value.start for value in values), max(value.start for value in values)
    total = (last - first) // MINUTE + 1
    minutes = max(-(-total // MAX_BARS), max(value.seconds for value in values) // 60)
    spans = merged(values, first, minutes)
    slots = TICKS * -(-max(max(spans) + 1, MIN_SLOTS) // TICKS)
    highest = max(value.amount for value in spans.values())
    top, step = round_up(highest), WIDTH / slots
    bars = [_bar(value, span * step, step * 0.82, value.amount / top) for span, value in spans.items()]
    return Chart(bars, highest, [top, top // 2, 0], _ticks(first, slots, minutes), minutes)


def _bar(value: Value, x: float, width: float, share: float) -> Bar:
    height = round(share * HEIGHT, 1)
    return Bar(value, round(x, 1), round(HEIGHT - height, 1), round(width, 1), height)


def _ticks(first: datetime, slots: int, minutes: int) -> list[Tick]:
    """Evenly spaced ticks at whole bars; `slots` is a multiple of `TICKS`."""
    every = slots // TICKS
    return [Tick(first + n * every * minutes * MINUTE, 100 * n / TICKS) for n in range(TICKS)]
