"""How much slower pages get with the number of breakouts, on PostgreSQL (`finding_pages`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from tests.bench.figures import Figure, write_json
from tests.bench.separately import measured
from tests.scenarios.processes import postgres_database

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def case(quick: bool) -> Iterator[Figure]:
    sizes = SIZES[:3:2] if quick else SIZES
    found: dict[int, dict[str, Any]] = {}
    for size in sizes:
        with postgres_database() as database:
            found[size] = measured(database, "finding_pages", size)
        write_json("finding", {"load": os.getloadavg()[0], "sizes": found})
    few, many = found[sizes[0]], found[sizes[-1]]
    for name, page in many.items():
        blocks, before = page["blocks"], few[name]["blocks"]
        times = page["seconds"] / few[name]["seconds"]
        note = f"{before} and {blocks} blocks; time x {times:.1f}: {page['seconds'] * 1000:.0f} ms"
        what = f"{name}: blocks, {sizes[-1]:,} / {sizes[0]:,} rows"
        yield Figure(what, blocks / before, 1, sizes[-1] / sizes[0], 2.0, note)
