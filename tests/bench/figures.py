"""Measured figures, compared with an ideal script (`floor`) and a naive one (`naive`).

`floor` makes every call once and in parallel. `naive` chains calls in one request, pages by offset in a cron
job and makes one metrics call per breakout. Both were counted with the rules of docs/aws-rules.md.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from devstack.processes import ROOT

FOLDER = ROOT / "var" / "bench"


@dataclass(frozen=True)
class Figure:
    """One row of the table. The bench fails above `most`. Counts and ratios only: they fit any machine."""

    what: str
    measured: float
    floor: float
    naive: float
    most: float
    note: str = ""

    @property
    def held(self) -> bool:
        return self.measured <= self.most


def write_json(name: str, figures: object) -> None:
    """Keep the figures of a case under `var/bench`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")


def write_table(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Keep a table of a case under `var/bench`, as CSV."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(header)
        table.writerows(rows)


def keep(case: str, figures: Iterable[Figure]) -> None:
    """Keep the table's rows of this case, beside those of cases that ran before."""
    all_cases = _all_cases()
    all_cases[case] = [asdict(figure) for figure in figures]
    write_json("figures", all_cases)


def kept() -> list[Figure]:
    """The rows of all cases that were ever kept here, each of its last run."""
    return [Figure(**row) for rows in _all_cases().values() for row in rows]


def _all_cases() -> dict[str, list[dict[str, Any]]]:
    path = FOLDER / "figures.json"
    cases: dict[str, list[dict[str, Any]]] = json.loads(path.read_text()) if path.exists() else {}
    return cases


def table_of(figures: Iterable[Figure]) -> Table:
    table = Table(title="StreamHub against the floor", title_justify="left")
    table.add_column("")
    table.add_column("figure")
    for name in ("StreamHub", "floor", "naive", "at most"):
        table.add_column(name, justify="right")
    table.add_column("note")
    for figure in figures:
        sign = "[green]✓[/green]" if figure.held else "[red]✗[/red]"
        values = (round(figure.measured, 2), figure.floor, figure.naive, figure.most)
        table.add_row(sign, figure.what, *(f"{value:g}" for value in values), figure.note)
    return table
