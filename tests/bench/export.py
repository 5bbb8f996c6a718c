"""A statement of a million lines as CSV, beside PostgreSQL's COPY of the same rows (`export_rows`)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from devstack.processes import ROOT, clean_environment
from tests.bench.figures import Figure, write_json
from tests.scenarios.processes import postgres_database

# At least 0.3 of the rows a second that COPY alone delivers.
SLOWEST = 1 / 0.3
MOST_MIB = 16


def case(quick: bool) -> Iterator[Figure]:
    count = 100_000 if quick else 1_000_000
    with postgres_database() as database:
        found = measured(database, count)
    write_json("export", found)
    seconds, copied = found["export_seconds"], found["copy_seconds"]
    note = f"{seconds:.1f} s, COPY {copied:.1f} s: {copied / seconds:.2f} of its speed"
    yield Figure(f"export of {count:,} lines: time / COPY", seconds / copied, 1, 6.7, SLOWEST, note)
    megabytes = found["export_bytes"] / 2**20
    note = f"for a file of {megabytes:.0f} MiB"
    yield Figure(f"export of {count:,} lines: memory, MiB", found["grown_mib"], 0, megabytes, MOST_MIB, note)


def measured(database: str, count: int) -> dict[str, Any]:
    """What `export_rows` says of a statement with so many lines in this empty database."""
    environment = {**clean_environment(), "DATABASE_URL": database, "LOG_LEVEL": "ERROR"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.export_rows", str(count)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
