"""One chart of all figures that `make bench` has measured so far: each beside its bar, logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from tests.bench.figures import Figure

ROW, LEFT, WIDTH, TOP = 22, 430, 520, 44
# From a hundredth of the bar to a hundred times the bar.
DECADES = 2
GREEN, RED, GREY = "#15803d", "#b91c1c", "#6b7280"


def write_chart(figures: Sequence[Figure], path: Path) -> None:
    """An SVG with a row for each figure that has a bar: what was measured, and marks for floor and naive."""
    rows = [figure for figure in figures if 0 < figure.most < math.inf]
    height = TOP + ROW * len(rows) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 110}" height="{height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="{height}" fill="white"/>',
        *_scale(height),
    ]
    for number, figure in enumerate(rows):
        parts += _row(figure, TOP + ROW * number)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")


def _scale(height: int) -> Iterable[str]:
    yield f'<text x="{LEFT}" y="14">measured / bar; | floor, + naive; right of 1 is above the bar</text>'
    for power in range(-DECADES, DECADES + 1):
        x = _x(10.0**power)
        dark = "#111827" if power == 0 else "#d1d5db"
        yield f'<line x1="{x}" x2="{x}" y1="{TOP - 8}" y2="{height - 8}" stroke="{dark}"/>'
        yield f'<text x="{x}" y="{TOP - 14}" text-anchor="middle">{10.0**power:g}</text>'


def _row(figure: Figure, y: int) -> Iterable[str]:
    end = _x(figure.measured / figure.most)
    colour = GREEN if figure.held else RED
    yield f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(figure.what)}</text>'
    yield f'<rect x="{LEFT}" y="{y + 3}" width="{max(1, end - LEFT)}" height="11" fill="{colour}"/>'
    for value, sign in ((figure.floor, "|"), (figure.naive, "+")):
        x = _x(value / figure.most)
        yield f'<text x="{x}" y="{y + 13}" text-anchor="middle" fill="{GREY}">{sign}</text>'
    words = f"{figure.measured:.4g} of {figure.most:.4g}"
    yield f'<text x="{LEFT + WIDTH + 8}" y="{y + 13}">{words}</text>'


def _x(ratio: float) -> float:
    power = math.log10(max(ratio, 10.0**-DECADES))
    place = (min(power, float(DECADES)) + DECADES) / (2 * DECADES)
    return round(LEFT + WIDTH * place, 1)
