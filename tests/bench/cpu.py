"""CPU time of the processes of a stack, by their kind, with all that they started (Linux)."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from devstack.processes import ProcessSet

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(processes: ProcessSet) -> dict[str, float]:
    """Seconds of CPU so far, user's and system's, of web, workers, beat and the embedded AWS."""
    table = _table()
    kinds = {running.popen.pid: running.name.partition("-")[0] for running in processes.running.values()}
    used: Counter[str] = Counter()
    for pid in table:
        ancestor = pid
        while ancestor not in kinds and ancestor in table:
            ancestor = table[ancestor][0]
        if ancestor in kinds:
            used[kinds[ancestor]] += table[pid][1]
    return {kind: ticks / TICKS for kind, ticks in used.items()}


def _table() -> dict[int, tuple[int, int]]:
    """Every process: its parent, and the ticks of CPU that it and its ended children used."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        found[int(path.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    return found
