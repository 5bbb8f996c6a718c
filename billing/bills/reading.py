"""Read a bill's files with DuckDB: it checks, sums and sorts them in bounded memory, on disk if need be.

DuckDB is imported when a bill is read, so that web and workers do not load it. It may touch these files only:
it loads no extension, and makes no connection.
"""

from __future__ import annotations

import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.bill_rows import DIGITS, as_picos
from billing.bills.layouts import Layout, layout_of
from streamhub.errors import Invalid

MEMORY = "256MB"
PIECE = 1 << 20
ROWS_AT_ONCE = 2000
MATCHES_AT_ONCE = 1000
# Of picodollars an integer of the database holds 9.2 million dollars.
MOST = Decimal(9_000_000)
_NOT_WHOLE = "{name} is not whole: {why} Get it again, all of it."


class NoRoom(Exception):
    """Memory or the disk keeps a bill from being read, not what is in it. Later it may be read."""


@dataclass(frozen=True)
class Match:
    """Which of our resources a resource of the bill is, by the end of its ARN."""

    match: str
    ours: str
    key: str


@dataclass(frozen=True)
class Row:
    """Lines of one resource, kind of usage and time. Without times: of the whole month."""

    kind: str
    service: str
    usage_type: str
    operation: str
    resource: str
    ours: str
    key: str
    start: datetime | None
    end: datetime | None
    quantity: float
    picos: int


@dataclass(frozen=True)
class Head:
    """What a bill is, as far as it says so itself."""

    layout: Layout
    month: date
    currency: str
    lines: int
    picos: int


class Bill:
    """An opened bill."""

    def __init__(self, connection: Any, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout

    def head(self) -> Head:
        """Raises Invalid: lines without a cost or time, several months or currencies, too much money."""
        months, currency, currencies, lines, costless, timeless, total = self._one(
            "SELECT list(DISTINCT date_trunc('month', month)), min(currency), count(DISTINCT currency),"
            " count(*), count(*) FILTER (cost IS NULL), count(*) FILTER (month IS NULL OR start IS NULL),"
            " sum(cost) FROM bill"
        )
        columns = {figure: names[0] for figure, names in self._layout.columns.items()}
        if not lines:
            raise _invalid("It has no line. A month without costs is not imported.")
        if costless:
            raise _invalid(f"{costless:,} of its {lines:,} lines have no {columns['cost']}.")
        if timeless:
            raise _invalid(f"{timeless:,} lines have no {columns['month']} or {columns['start']}.")
        if len(months) != 1:
            names = ", ".join(sorted(f"{month:%Y-%m}" for month in months))
            raise _invalid(f"It is about several months ({names}). Import each month on its own.")
        if currencies != 1:
            raise _invalid(f"{columns['currency']} is to be the same in every line; it has {currencies}.")
        if abs(total) > MOST:
            raise _invalid(f"It is about more than {MOST:,} {currency}, which StreamHub cannot count.")
        month = months[0] if isinstance(months[0], date) else months[0].date()
        month = month.date() if isinstance(month, datetime) else month
        return Head(self._layout, month, str(currency)[:3], lines, as_picos(total))

    def rows(self, ours: Iterable[Match]) -> Iterator[Row]:
        """The lines, summed. What is not ours, and storage, is summed over the month."""
        self._register(ours)
        result = self._connection.execute(_SUMS)
        while rows := result.fetchmany(ROWS_AT_ONCE):
            for *texts, start, end, quantity, cost in rows:
                kind, service, usage_type, operation, resource, what, key = texts
                yield Row(
                    kind=kind,
                    service=service,
                    usage_type=usage_type,
                    operation=operation,
                    resource=resource,
                    ours=what,
                    key=key,
                    start=_utc(start),
                    end=_utc(end),
                    quantity=float(quantity or 0),
                    picos=as_picos(cost),
                )

    def _one(self, sql: str) -> Any:
        with _in_words("the bill"):
            return self._connection.execute(sql).fetchone()

    def _register(self, ours: Iterable[Match]) -> None:
        self._connection.execute("CREATE TABLE ours (match VARCHAR, ours VARCHAR, key VARCHAR)")
        batch = list(ours)
        for n in range(0, len(batch), MATCHES_AT_ONCE):
            some = batch[n : n + MATCHES_AT_ONCE]
            marks = ", ".join(["(?, ?, ?)"] * len(some))
            values = [value for each in some for value in (each.match, each.ours, each.key)]
            self._connection.execute(f"INSERT INTO ours VALUES {marks}", values)  # noqa: S608 - marks only


# A resource is named by its ARN, or by its id alone. `match` is what both have in common.
_SUMS = """
WITH named AS (
    SELECT *, regexp_replace(
        regexp_replace(resource, '^arn:[^:]*:[^:]*:[^:]*:[^:]*:', ''), '^distribution/', '') AS match
    FROM bill
), placed AS (
    SELECT named.*, coalesce(ours.ours, '') AS ours, coalesce(ours.key, '') AS key,
        coalesce(ours.ours NOT IN ('bucket', 'shared'), false) AND kind = 'usage' AS timed
    FROM named LEFT JOIN ours USING (match)
)
SELECT kind, service, usage_type, operation, resource, ours, key,
    CASE WHEN timed THEN start END AS since, CASE WHEN timed THEN till END AS until,
    sum(quantity), sum(cost)
FROM placed GROUP BY ALL ORDER BY ours, key, since, kind, service, usage_type, operation, resource, until
"""


@contextmanager
def opened(files: Sequence[Path]) -> Iterator[Bill]:
    """The bill in these files, which are of one version. Raises Invalid, in words for staff, and NoRoom."""
    import duckdb

    formats = [check_whole(file) for file in files]
    with tempfile.TemporaryDirectory(prefix="bill-") as folder:
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY,
                "threads": 2,
                "temp_directory": folder,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": False,
            },
        )
        try:
            connection.execute("SET TimeZone = 'UTC'")
            layouts = {_view(connection, n, *each) for n, each in enumerate(zip(files, formats, strict=True))}
            if len(layouts) != 1:
                raise _invalid("The files are of several layouts. Give those of one export.")
            parts = " UNION ALL ".join(f"FROM part{n}" for n in range(len(files)))
            connection.execute(f"CREATE VIEW bill AS {parts}")
            with _in_words(files[0].name if len(files) == 1 else "a file"):
                yield Bill(connection, layouts.pop())
        finally:
            connection.close()


def check_whole(file: Path) -> str:
    """What a file is: "parquet", "gzip" or "csv". Raises Invalid for half a file; reads a gzip to its end."""
    try:
        with file.open("rb") as source:
            start = source.read(4)
            source.seek(0, 2)
            size = source.tell()
            source.seek(max(0, size - 4))
            end = source.read(4)
    except OSError as error:
        raise _invalid(f"{file.name} cannot be read: {error.strerror}.") from error
    if not size:
        raise _invalid(_NOT_WHOLE.format(name=file.name, why="it is empty."))
    if start == b"PAR1":
        if end != b"PAR1" or size < 12:
            raise _invalid(_NOT_WHOLE.format(name=file.name, why="a Parquet file ends with PAR1."))
        return "parquet"
    if start[:2] == b"\x1f\x8b":
        _check_gzip(file)
        return "gzip"
    if not end.endswith(b"\n"):
        raise _invalid(_NOT_WHOLE.format(name=file.name, why="its last line has no end."))
    return "csv"


def _check_gzip(file: Path) -> None:
    piece = last = b""
    try:
        with gzip.open(file) as source:
            while piece := source.read(PIECE):
                last = piece
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        why = "it cannot be unpacked to its end."
        raise _invalid(_NOT_WHOLE.format(name=file.name, why=why)) from error
    if not last.endswith(b"\n"):
        raise _invalid(_NOT_WHOLE.format(name=file.name, why="its last line has no end."))


def each_once(files: Sequence[Path]) -> dict[str, Path]:
    """The files by their SHA-256: a file that is given twice, or a copy of one, is one of them only."""
    found: dict[str, Path] = {}
    for file in files:
        with file.open("rb") as source:
            found.setdefault(hashlib.file_digest(source, "sha256").hexdigest(), file)
    return found


def fingerprint(digests: Iterable[str]) -> str:
    """The SHA-256 of files with these digests, whatever order they are given in."""
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def _view(connection: Any, n: int, file: Path, form: str) -> Layout:
    """Make the view part<n>, with our names of the columns."""
    name = str(file).replace("'", "''")
    options = (
        "all_varchar = true, header = true, strict_mode = true, delim = ',', quote = '\"', escape = '\"'"
    )
    options += f", compression = '{'gzip' if form == 'gzip' else 'none'}'"
    source = f"read_parquet('{name}')" if form == "parquet" else f"read_csv('{name}', {options})"
    with _in_words(file.name):
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
    found = {row[0] for row in described}
    layout = layout_of(found)
    if layout is None:
        raise _invalid(
            f"{file.name} is neither CUR 2.0 nor FOCUS 1.x of AWS's Data Exports. It has the columns"
            f" {', '.join(sorted(found))[:200]}."
        )
    if missing := layout.missing(found):
        raise _invalid(
            f"{file.name} ({layout.name}) lacks {', '.join(missing)}."
            " Export it by the hour, with resource ids."
        )
    columns = {figure: layout.column(figure, found) for figure in layout.columns}
    quoted = {figure: f'"{column}"' if column else "NULL" for figure, column in columns.items()}
    cases = " ".join(f"WHEN '{name}' THEN '{kind}'" for name, kind in layout.kinds.items())
    texts = ", ".join(
        f"coalesce(CAST({quoted[figure]} AS VARCHAR), '') AS {figure}"
        for figure in ("service", "usage_type", "operation", "resource")
    )
    cost = f"CAST({quoted['cost']} AS DECIMAL(38, {DIGITS}))"
    if form != "parquet":
        cost = f"CAST(nullif({quoted['cost']}, '') AS DECIMAL(38, {DIGITS}))"
    connection.execute(
        f"CREATE VIEW part{n} AS SELECT CAST({quoted['month']} AS TIMESTAMP) AS month,"  # noqa: S608 - our names
        f" {quoted['currency']} AS currency, CASE {quoted['kind']} {cases} ELSE 'unknown' END AS kind,"
        f" {texts},"
        f" CAST({quoted['start']} AS TIMESTAMP) AS start,"
        f" coalesce(CAST({quoted['end']} AS TIMESTAMP), CAST({quoted['start']} AS TIMESTAMP)) AS till,"
        f" TRY_CAST({quoted['quantity']} AS DOUBLE) AS quantity, {cost} AS cost FROM {source}"
    )
    return layout


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    """DuckDB's errors about a file as Invalid, those about memory and disk as NoRoom."""
    import duckdb

    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        first = _first_line(error)
        raise NoRoom(f"{name} could not be read: {first}") from error
    except duckdb.Error as error:
        first = _first_line(error)
        raise _invalid(f"{name} cannot be read as a bill: {first}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _invalid(message: str) -> Invalid:
    return Invalid({"file": message})


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
