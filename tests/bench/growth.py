"""How many queries the periodic work makes by the number of rows: observe, sweep, a list, the reaper's plan.

It runs in a process and a database of its own (`growth_rows`). Counts do not depend on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.figures import Figure, write_json
from tests.bench.separately import measured
from tests.scenarios.processes import postgres_database

SIZES = (10, 100, 1_000, 10_000)
# The observation writes a thousand rows at a time; all other work is the same whatever there is.
BATCH, PER_BATCH = 1_000, 10
# Against the smallest size: what a last batch or a last page adds.
FLAT = 1.2


def case(quick: bool) -> Iterator[Figure]:
    with postgres_database() as database:
        counted = measured(database, "growth_rows", *(SIZES[:3] if quick else SIZES))
    found = {int(size): of_size for size, of_size in counted.items()}
    write_json("growth", found)
    few, many = min(found), max(found)
    for name, queries in found[many].items():
        before = found[few][name]
        batches = PER_BATCH * (-(-many // BATCH) - 1) if name == "observe" else 0
        curve = ", ".join(f"{size:,}: {of_size[name]}" for size, of_size in found.items())
        most = FLAT + batches / before
        what = f"{name}: queries with {many:,} rows / with {few}"
        yield Figure(what, queries / before, 1, many / few, most, curve)
