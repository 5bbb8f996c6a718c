"""A chart of stacked bars by day as plain SVG, drawn on the server: a pure function of values."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from streamhub.console.bar_chart import HEIGHT, WIDTH, round_up

# So many series have a colour of their own; the smallest of more are one, "others".
COLOURS = 6
OTHERS = "others"
LABELLED = 7  # every so many days


@dataclass(frozen=True)
class DayValue:
    """What one series has of a day. `hollow`: it may still change, and is hatched."""

    day: date
    series: str
    amount: float
    hollow: bool = False


@dataclass(frozen=True)
class Block:
    """A part of a bar, in SVG units. `colour`: the number of its series, from 1 on."""

    value: DayValue
    colour: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Series:
    """A series of the legend with its sum."""

    name: str
    colour: int
    total: float


@dataclass(frozen=True)
class DayTick:
    """A day on the time axis, `percent` from the left. `marked`: it has a label."""

    day: date
    percent: float
    marked: bool


@dataclass(frozen=True)
class StackedChart:
    """`levels`: the labels of the vertical axis, highest first. `hollow`: some of it is hatched."""

    blocks: list[Block]
    series: list[Series]
    levels: list[float]
    days: list[DayTick]
    hollow: bool
    width: int = WIDTH
    height: int = HEIGHT


def stacked(
    values: Sequence[DayValue], days: Sequence[date], *, least: float = 1, order: Sequence[str] = ()
) -> StackedChart | None:
    """The chart of these days, the largest series at the bottom; None if there is nothing to draw.

    `least`: the smallest amount that the axis shows, such as a cent. `order`: the series that come first, so
    that charts of the same series give them the same colours.
    """
    values = [value for value in values if value.amount > 0 and value.day in set(days)]
    if not values or not days:
        return None
    series = _series(values, order)
    colours = {each.name: each.colour for each in series}
    parts: defaultdict[tuple[date, int, bool], float] = defaultdict(float)
    for value in values:
        parts[value.day, colours.get(value.series, colours.get(OTHERS, 1)), value.hollow] += value.amount
    sums: defaultdict[date, float] = defaultdict(float)
    for (day, _colour, _hollow), amount in parts.items():
        sums[day] += amount
    top = round(round_up(math.ceil(max(sums.values()) / least)) * least, 2)
    names = {each.colour: each.name for each in series}
    blocks, reached, step = [], defaultdict[date, float](float), WIDTH / len(days)
    for (day, colour, hollow), amount in sorted(parts.items()):
        reached[day] += amount
        blocks.append(
            Block(
                DayValue(day, names[colour], amount, hollow),
                colour,
                round(days.index(day) * step, 1),
                round(HEIGHT * (1 - reached[day] / top), 1),
                round(step * 0.82, 1),
                round(HEIGHT * amount / top, 1),
            )
        )
    ticks = [DayTick(day, 100 * n / len(days), n % LABELLED == 0) for n, day in enumerate(days)]
    return StackedChart(blocks, series, [top, top / 2, 0], ticks, any(v.hollow for v in values))


def _series(values: Sequence[DayValue], first: Sequence[str]) -> list[Series]:
    """The series as asked, then by their sums, the largest first; what has no colour of its own is last."""
    place = {name: n for n, name in enumerate(first)}
    sums: defaultdict[str, float] = defaultdict(float)
    for value in values:
        sums[value.series] += value.amount
    order = sorted(sums, key=lambda name: (place.get(name, len(place)), -sums[name], name))
    own = order if len(order) <= COLOURS + 1 else order[:COLOURS]
    found = [Series(name, n, sums[name]) for n, name in enumerate(own, start=1)]
    rest = sum(sums[name] for name in order[len(own) :])
    return [*found, Series(OTHERS, len(own) + 1, rest)] if rest else found
