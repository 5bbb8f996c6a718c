"""How much slower pages get with the number of breakouts, on PostgreSQL (`finding_pages`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from devstack.processes import ROOT, clean_environment
from tests.bench.figures import Figure, write_json
from tests.scenarios.processes import postgres_database

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def case(quick: bool) -> Iterator[Figure]:
    sizes = SIZES[:3:2] if quick else SIZES
    found: dict[int, dict[str, Any]] = {}
    for size in sizes:
        found[size] = _measured(size)
        write_json("finding", {"load": os.getloadavg()[0], "sizes": found})
    few, many = found[sizes[0]], found[sizes[-1]]
    for name, page in many.items():
        blocks, before = page["blocks"], few[name]["blocks"]
        times = page["seconds"] / few[name]["seconds"]
        note = f"{before} and {blocks} blocks; time x {times:.1f}: {page['seconds'] * 1000:.0f} ms"
        what = f"{name}: blocks, {sizes[-1]:,} / {sizes[0]:,} rows"
        yield Figure(what, blocks / before, 1, sizes[-1] / sizes[0], 2.0, note)


def _measured(size: int) -> dict[str, Any]:
    with postgres_database() as database:
        environment = {**clean_environment(), "DATABASE_URL": database, "LOG_LEVEL": "ERROR"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.finding_pages", str(size)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured
