"""A bar chart as plain SVG: drawn on the server, so that it refreshes with its page and needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 960, 160
MOST_BARS = 240


@dataclass(frozen=True)
class Value:
    """What was measured from `start` on. `hollow`: it may still change."""

    start: datetime
    amount: int
    hollow: bool = False


@dataclass(frozen=True)
class Bar:
    """A drawn bar, in the units of the SVG."""

    value: Value
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """The bars and what stands at the ends of the axes."""

    bars: list[Bar]
    highest: int
    first: datetime
    last: datetime
    merged: int  # how many values each bar stands for
    width: int = WIDTH
    height: int = HEIGHT


def merged(values: Sequence[Value], many: int) -> list[Value]:
    """Runs of `many` values as one: their sum, hollow if any of them is."""
    runs = [values[at : at + many] for at in range(0, len(values), many)]
    return [
        Value(run[0].start, sum(value.amount for value in run), any(value.hollow for value in run))
        for run in runs
    ]


def chart(values: Sequence[Value]) -> Chart | None:
    """The chart of these values in their order; None if there are none."""
    if not values:
        return None
    many = -(-len(values) // MOST_BARS)
    shown = merged(values, many)
    highest = max(value.amount for value in shown)
    step = min(WIDTH / len(shown), 24.0)
    bars = []
    for place, value in enumerate(shown):
        height = round(value.amount / highest * HEIGHT, 1) if highest else 0.0
        bars.append(
            Bar(value, round(place * step, 1), round(HEIGHT - height, 1), round(step * 0.82, 1), height)
        )
    return Chart(bars, highest, values[0].start, values[-1].start, many)
