"""The canonical form of a statement, over which its SHA-256 is: docs/billing.md has the recipe.

One JSON array for each line, in order, then one JSON object for the head; each without spaces, in ASCII, and
ended by a line feed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from billing.statement_rows import Statement, StatementLine, cents_as_decimal

ROWS_AT_ONCE = 5000
# The columns of a line in the order of its array.
COLUMNS = (
    "position",
    "month",
    "kind",
    "correction",
    "subject",
    "name",
    "channel_name",
    "aws_distribution_id",
    "bytes_downloaded",
    "requests",
    "seconds",
    "quantity",
    "cents",
    "currency",
    "rates",
)
_MONTH, _CENTS = COLUMNS.index("month"), COLUMNS.index("cents")


def stored_lines(statement: Statement) -> Iterator[tuple[Any, ...]]:
    """The columns of each stored line, in order; memory does not grow with their number."""
    rows = StatementLine.objects.filter(statement=statement).order_by("position")
    return rows.values_list(*COLUMNS).iterator(chunk_size=ROWS_AT_ONCE)


def document_sha256(statement: Statement, lines: Iterable[tuple[Any, ...]]) -> str:
    """The hash of an issued statement with these lines, in hexadecimal."""
    return closed_sha256(statement, lines_digest(lines))


def closed_sha256(statement: Statement, lines: hashlib._Hash) -> str:
    """The hash of an issued statement whose lines have this digest, in hexadecimal."""
    digest = lines.copy()
    digest.update(_encoded(_head(statement)))
    return digest.hexdigest()


def lines_digest(lines: Iterable[tuple[Any, ...]]) -> hashlib._Hash:
    """The digest of these lines, for `closed_sha256`."""
    digest = hashlib.sha256()
    for line in lines:
        values = list(line)
        values[_MONTH] = f"{values[_MONTH]:%Y-%m}"
        values[_CENTS] = str(cents_as_decimal(values[_CENTS]))
        digest.update(_encoded(values))
    return digest


def _head(statement: Statement) -> dict[str, Any]:
    return {
        "bytes_downloaded": statement.bytes_downloaded,
        "currency": statement.currency,
        "customer": statement.customer or None,
        "issued_at": None if statement.issued_at is None else _time(statement.issued_at),
        "lines": statement.lines_count,
        "number": statement.number,
        "period": f"{statement.period:%Y-%m}",
        "total": str(statement.total),
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode() + b"\n"


class WorkedHash:
    """The hash of lines before rounding, by which a draft is compared with what it would be now."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, line: StatementLine) -> None:
        names = [name for name in COLUMNS if name != "cents"]
        values = [getattr(line, name) for name in (*names, "nanos")]
        self._digest.update(_encoded([str(v) if isinstance(v, date) else v for v in values]))

    def hexdigest(self) -> str:
        return self._digest.hexdigest()
