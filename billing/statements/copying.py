"""The lines of a statement as CSV, written by PostgreSQL itself: COPY of the rows as `documents` shows them.

Nothing of a line passes through Python but its bytes, so a million lines take little more than their COPY.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from billing.statement_rows import UNITS, Statement
from streamhub.csv_cells import STARTS

BYTES_AT_ONCE = 256 * 1024
# Most texts begin with a letter: a comparison says so, and only the others are looked at (`csv_cells`). Texts
# that are empty become NULL, which COPY writes as nothing at all, as the csv module does.
_SAFE = """CASE WHEN {column} COLLATE "C" >= 'A' AND {column} COLLATE "C" < '~' THEN {column}
    WHEN left(ltrim({column}, ' '), 1) = ANY(%(starts)s) THEN chr(39) || {column}
    ELSE NULLIF({column}, '') END"""
_UNIT = " ".join(
    ["CASE kind", *(f"WHEN '{kind.value}' THEN '{unit}'" for kind, unit in UNITS.items()), "END"]
)
# Most lines are of the statement's own month: formatting a date takes longer than anything else of a line.
_LINES = f"""COPY (
    SELECT %(number)s, position,
        CASE WHEN month = %(period)s THEN %(own_month)s ELSE to_char(month, 'YYYY-MM') END, kind,
        CASE WHEN correction THEN 'yes' END, NULLIF(subject, ''),
        {_SAFE.format(column="name")}, {_SAFE.format(column="channel_name")}, NULLIF(aws_distribution_id, ''),
        bytes_downloaded, requests, seconds, quantity, {_UNIT}, cents * 0.01, currency, NULLIF(rates, '')
    FROM billing_statementline WHERE statement_id = %(statement)s ORDER BY position
) TO STDOUT WITH (FORMAT csv, ENCODING 'UTF8')"""  # noqa: S608 - constants only


def copied_lines(statement: Statement) -> Iterator[str]:
    """The lines as CSV without a header, in pieces of many lines."""
    values = {
        "number": str(statement.number or "draft"),
        "statement": statement.pk,
        "period": statement.period,
        "own_month": f"{statement.period:%Y-%m}",
        "starts": list(STARTS),
    }
    with connection.cursor() as cursor, cursor.copy(_LINES, values) as copy:
        pieces, size = [], 0
        for piece in copy:
            pieces.append(piece)
            size += len(piece)
            if size >= BYTES_AT_ONCE:
                yield b"".join(pieces).decode()
                pieces, size = [], 0
        yield b"".join(pieces).decode()
