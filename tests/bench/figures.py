"""What is measured, beside what an ideal script would need and what the old way needed.

`floor` does everything once and in parallel; `naive` is a chain of calls in one request, a cron that pages by
offset, one metrics call a breakout. Both were counted against the rules in docs/aws-rules.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One line. `most`: the bench fails above it; ratios and counts only, as clocks differ."""

    what: str
    measured: float
    floor: float
    naive: float
    most: float
    note: str = ""

    @property
    def held(self) -> bool:
        return self.measured <= self.most


def table_of(figures: Iterable[Figure]) -> Table:
    table = Table(title="StreamHub against the floor", title_justify="left")
    table.add_column("")
    table.add_column("measured of")
    for name in ("StreamHub", "floor", "naive", "at most"):
        table.add_column(name, justify="right")
    table.add_column("note")
    for each in figures:
        sign = "[green]✓[/green]" if each.held else "[red]✗[/red]"
        numbers = (f"{value:g}" for value in (round(each.measured, 2), each.floor, each.naive, each.most))
        table.add_row(sign, each.what, *numbers, each.note)
    return table
