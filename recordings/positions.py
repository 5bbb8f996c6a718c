"""From where the recording bucket is listed, so that a list has only what earlier ones did not. Pure.

A channel writes `<uid>/<start of the run>/main_archive.000012.m2ts`, or `main-0_…` and `main-1_…` with two
pipelines. Runs sort by their start, and the files of a pipeline by their number, but those of two pipelines
do not sort by time. So each pipeline has its own position: its last key that is old enough for every file
before it to be there. A younger file may still be overtaken by one with a smaller number, whose upload took
longer. The list that proves what a breakout has uses no positions: it begins with the first run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

_PIPELINE = re.compile(r"(?P<base>.*/[0-9T]+/main)(?P<number>-[01])?_archive\.")


@dataclass(frozen=True)
class Span:
    """One list: the keys with `prefix` that come after `start_after` ("": all of them)."""

    prefix: str
    start_after: str = ""


def spans(channel_uid: str, floor: str, positions: Mapping[str, str]) -> list[Span]:
    """The lists to read: one for each pipeline. The last one goes on to all later runs.

    `floor`: what comes before this key is not wanted; it counts while no position is known.
    """
    everything = f"{channel_uid}/"
    if not positions:
        return [Span(everything, floor)]
    *others, last = sorted(positions)
    return [*(Span(prefix, positions[prefix]) for prefix in others), Span(everything, positions[last])]


def positions_after(
    before: Mapping[str, str], closed: Mapping[str, datetime], listed_at: datetime, settle: timedelta
) -> dict[str, str]:
    """The positions after lists that were begun at `listed_at`: those of the newest run with a settled file.

    `closed`: when the file of each key was closed. It is settled `settle` later.
    """
    positions = dict(before)
    for key, closed_at in closed.items():
        found = _PIPELINE.match(key)
        if found is None or listed_at - closed_at < settle:
            continue
        for prefix in _prefixes(found["base"], found["number"]):
            positions.setdefault(prefix, prefix)
        own = f"{found['base']}{found['number'] or ''}_"
        positions[own] = max(positions[own], key)
    newest = max(map(_run, positions), default="")
    return {prefix: key for prefix, key in positions.items() if _run(prefix) == newest}


def _prefixes(base: str, number: str | None) -> list[str]:
    """The prefixes of the pipelines of a run. The one that is not seen yet may come later."""
    return [f"{base}-0_", f"{base}-1_"] if number else [f"{base}_"]


def _run(prefix: str) -> str:
    return prefix.rpartition("/")[0]
