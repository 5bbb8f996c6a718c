"""Documents of a statement, row by row: CSV and XLSX. Memory does not grow with the lines."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from typing import Any

from billing.statement_rows import Statement, cents_as_decimal
from billing.statements.canonical import stored_lines
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
    "estimate",
    "currency",
    "rates",
)
LINES_AT_ONCE = 2000
# What people have written.
_TEXTS = slice(HEADER.index("name"), HEADER.index("channel") + 1)


class _Lines(list[str]):
    """A file for `csv.writer`."""

    write = list.append


def rows(statement: Statement) -> Iterator[list[Any]]:
    """The lines as values of cells, as `HEADER` names them; amounts are Decimals."""
    number = statement.number or "draft"
    months: dict[date, str] = {}
    for position, month, kind, correction, *about, cents, currency, rates in stored_lines(statement):
        shown = months.get(month) or months.setdefault(month, f"{month:%Y-%m}")
        word = "yes" if correction else ""
        yield [number, position, shown, kind, word, *about, cents_as_decimal(cents), currency, rates]


def total_row(statement: Statement) -> list[Any]:
    """The sum of the lines, as a row."""
    whose = statement.customer or "no customer"
    figures = [statement.bytes_downloaded, "", "", statement.total, statement.currency, ""]
    number = statement.number or "draft"
    return [number, "", f"{statement.period:%Y-%m}", "sum", "", "", whose, "", "", *figures]


def csv_lines(statement: Statement) -> Iterator[str]:
    """The CSV in pieces of many lines: header, lines, sum. A spreadsheet runs no cell of it."""
    pieces = _Lines()
    out = csv.writer(pieces)
    out.writerow(HEADER)
    for row in rows(statement):
        # The other columns are numbers, ids, and words of StreamHub's own.
        row[_TEXTS] = cells(row[_TEXTS])
        out.writerow(row)
        if len(pieces) >= LINES_AT_ONCE:
            yield "".join(pieces)
            pieces.clear()
    out.writerow(cells(total_row(statement)))
    yield "".join(pieces)
