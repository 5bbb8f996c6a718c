"""Documents of a statement, row by row: CSV and XLSX. Memory does not grow with the lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

from django.db import connection

from billing.statement_rows import UNITS, LineKind, Statement, cents_as_decimal
from billing.statements.canonical import stored_lines
from billing.statements.copying import copied_lines
from streamhub.csv_cells import cells

HEADER = (
    "statement",
    "position",
    "month",
    "kind",
    "correction",
    "subject",
    "name",
    "channel",
    "aws_distribution_id",
    "bytes_downloaded",
    "requests",
    "encoder_seconds",
    "quantity",
    "unit",
    "estimate",
    "currency",
    "rates",
)
LINES_AT_ONCE = 2000
# What people have written.
_TEXTS = slice(HEADER.index("name"), HEADER.index("channel") + 1)


class _Lines(list[str]):
    """A file for `csv.writer`, with the line ends that PostgreSQL writes.

    The writer itself has to believe in "\\r\\n", or it leaves a "\\r" in a text without quotes.
    """

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def rows(statement: Statement) -> Iterator[list[Any]]:
    """The lines as values of cells, as `HEADER` names them; amounts are Decimals."""
    number = statement.number or "draft"
    months: dict[date, str] = {}
    for position, month, kind, correction, *about, cents, currency, rates in stored_lines(statement):
        shown = months.get(month) or months.setdefault(month, f"{month:%Y-%m}")
        word = "yes" if correction else ""
        unit = UNITS.get(LineKind(kind), "")
        yield [number, position, shown, kind, word, *about, unit, cents_as_decimal(cents), currency, rates]


def total_row(statement: Statement) -> list[Any]:
    """The sum of the lines, as a row."""
    whose = statement.customer or "no customer"
    figures = [statement.bytes_downloaded, "", "", "", "", statement.total, statement.currency, ""]
    number = statement.number or "draft"
    return [number, "", f"{statement.period:%Y-%m}", "sum", "", "", whose, "", "", *figures]


def csv_lines(statement: Statement) -> Iterator[str]:
    """The CSV in pieces of many lines: header, lines, sum. A spreadsheet runs no cell of it.

    It is the same on every database; PostgreSQL writes the lines itself.
    """
    yield _written([HEADER])
    yield from (copied_lines if connection.vendor == "postgresql" else written_lines)(statement)
    yield _written([cells(total_row(statement))])


def written_lines(statement: Statement) -> Iterator[str]:
    """The lines as CSV without a header, in pieces of many lines, on any database."""
    # Other columns than texts are numbers, ids, and words of StreamHub's own.
    safe = ([*row[: _TEXTS.start], *cells(row[_TEXTS]), *row[_TEXTS.stop :]] for row in rows(statement))
    while some := list(islice(safe, LINES_AT_ONCE)):
        yield _written(some)


def _written(some: Iterable[Sequence[Any]]) -> str:
    lines = _Lines()
    csv.writer(lines).writerows(some)
    return "".join(lines)
