"""Cells of CSV exports that a spreadsheet shows and does not run.

Excel and LibreOffice take a text that begins like a formula for one, also in a file from elsewhere. An
apostrophe in front makes it text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# The second row are the full-width forms, which Excel takes for the first.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Echo:
    """A file for `csv.writer` that returns each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def cells(values: Iterable[Any]) -> list[Any]:
    """The values of one row for `csv.writer`. Numbers stay numbers, None is an empty cell."""
    return [_cell(value) for value in values]


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    begins = value.lstrip(" ") or value
    return f"'{value}" if begins.startswith(STARTS) else value
