"""`make bench`: how many AWS calls StreamHub makes and how much time it adds. `CASE=name` runs one case.

It measures counts and ratios, which are the same on any machine. Exit code 1 if one is above its bound, or if
a case itself fails; the others still run.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
SCRATCH = tempfile.mkdtemp(prefix="streamhub-bench-")
os.environ["STREAMHUB_VAR_DIR"] = SCRATCH

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from rich.console import Console  # noqa: E402

from streamhub.lifecycle import wake  # noqa: E402
from tests.bench import api_starts, export, finding, growth, idle, inside, outside, pace, reap, shows  # noqa: E402
from tests.bench.chart import write_chart  # noqa: E402
from tests.bench.figures import FOLDER, Figure, keep, kept, table_of  # noqa: E402
from tests.scenarios import emptying  # noqa: E402
from tests.scenarios.world import WorldUnderTest  # noqa: E402


def in_process(case: Callable[[WorldUnderTest], Iterator[Figure]]) -> Iterator[Figure]:
    """Run the case with an empty AWS and an empty database."""
    with emptying.allowed():
        call_command("flush", interactive=False, verbosity=0)
    for world in WorldUnderTest.running(settings):
        yield from case(world)


QUICK = os.environ.get("QUICK", "") not in ("", "0")
CASES: dict[str, Callable[[], Iterator[Figure]]] = {
    "reap": lambda: reap.case(QUICK),
    "starts": lambda: shows.starts(QUICK),
    "api_starts": lambda: api_starts.case(QUICK),
    "kills": lambda: shows.kills(QUICK),
    "idle": lambda: idle.idle(QUICK),
    "export": lambda: export.case(QUICK),
    "finding": lambda: finding.case(QUICK),
    "growth": lambda: growth.case(QUICK),
    "pace": lambda: in_process(lambda world: pace.case(world, settings)),
    "metrics": lambda: in_process(inside.metrics),
    "stack": outside.processes,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=sorted(CASES), action="append")
    chosen = parser.parse_args().case or list(CASES)
    logging.disable(logging.ERROR)
    wake.send = lambda task, args, queue, countdown=0: None  # the world calls the sweep in this process
    call_command("migrate", verbosity=0)
    figures, broken = [], []
    for name in chosen:
        try:
            of_case = list(CASES[name]())
        except Exception:  # noqa: BLE001  one case that breaks must not cost an hour of the others
            traceback.print_exc()
            broken.append(name)
            continue
        keep(name, of_case)
        figures += of_case
    write_chart(kept(), FOLDER / "chart.svg")
    Console(width=150).print(table_of(figures))
    if broken:
        print(f"Not measured, the case itself failed: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken or not all(figure.held for figure in figures) else 0


if __name__ == "__main__":
    try:
        code = main()
    finally:
        shutil.rmtree(SCRATCH)
    raise SystemExit(code)
