"""A statement of a million lines as CSV, beside PostgreSQL's COPY of the same rows (`export_rows`)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.figures import Figure, write_json
from tests.bench.separately import measured
from tests.scenarios.processes import postgres_database

# At least 0.3 of the rows a second that COPY alone delivers.
SLOWEST = 1 / 0.3
MOST_MIB = 16


def case(quick: bool) -> Iterator[Figure]:
    count = 100_000 if quick else 1_000_000
    with postgres_database() as database:
        found = measured(database, "export_rows", count)
    write_json("export", found)
    seconds, copied = found["export_seconds"], found["copy_seconds"]
    note = f"{seconds:.1f} s, COPY {copied:.1f} s: {copied / seconds:.2f} of its speed"
    yield Figure(f"export of {count:,} lines: time / COPY", seconds / copied, 1, 6.7, SLOWEST, note)
    megabytes = found["export_bytes"] / 2**20
    note = f"for a file of {megabytes:.0f} MiB"
    yield Figure(f"export of {count:,} lines: memory, MiB", found["grown_mib"], 0, megabytes, MOST_MIB, note)
