"""A statement as an XLSX workbook, written row by row: memory does not grow with its lines.

Texts are written as texts, so that a spreadsheet runs none of them.
"""

from __future__ import annotations

import tempfile
from decimal import Decimal
from typing import IO, Any

import xlsxwriter

from billing.statement_rows import Statement
from billing.statements.documents import HEADER, rows, total_row

# Of 1,048,576 rows the header and the sum need two.
MOST_LINES = 1_048_574
MONEY = HEADER.index("estimate")
_WIDTHS = {"name": 40, "channel": 24, "subject": 34, "aws_distribution_id": 20, "bytes_downloaded": 20}
# Excel keeps 15 digits: what is longer is written as text rather than rounded.
_EXACT = 10**15


def workbook(statement: Statement) -> IO[bytes]:
    """A temporary file with the workbook, open at its beginning; closing it deletes it."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": False})
    sheet = book.add_worksheet(f"Statement {statement.number or 'draft'}")
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    for column, name in enumerate(HEADER):
        sheet.set_column(column, column, _WIDTHS.get(name, 12))
        sheet.write_string(0, column, name, bold)
    sheet.freeze_panes(1, 0)
    number = 0
    for number, row in enumerate(rows(statement), start=1):
        _write(sheet, number, row, money)
    _write(sheet, number + 1, total_row(statement), book.add_format({"bold": True, "num_format": "#,##0.00"}))
    book.close()
    file.seek(0)
    return file


def _write(sheet: Any, number: int, row: list[Any], money: Any) -> None:
    for column, value in enumerate(row):
        if isinstance(value, Decimal):
            sheet.write_number(number, column, float(value), money)
        elif isinstance(value, int) and abs(value) < _EXACT:
            sheet.write_number(number, column, value)
        elif value not in ("", None):
            sheet.write_string(number, column, str(value))
