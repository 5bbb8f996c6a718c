"""What StreamHub does while nobody does anything, by number of channels: AWS calls, transactions an hour.

Everything runs as in production (`production`) over one period of the complete lists.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import psycopg

from tests.bench.figures import Figure, write_json
from tests.bench.production import Stack, running

COUNTS = (10, 100, 500)
# FULL_OBSERVE_SECONDS of production.
PERIOD = 300.0
# Each of the six kinds of resource is listed as often as that, whatever the rows do; 100 rows a page.
KINDS = 6
HOUR = 3600.0


def idle(quick: bool) -> Iterator[Figure]:
    counts, period = ((5, 10), 60.0) if quick else (COUNTS, PERIOD)
    found: list[dict[str, Any]] = []
    with running({}) as processes:
        stack = Stack(*processes)
        for count in counts:
            stack.prepare_channels(count, first=len(stack.all("channels")))
            time.sleep(30)  # what the restart caused is over
            found.append(_measured(stack, count, period))
            write_json("idle", found)
    for each in found:
        count, calls = each["channels"], each["calls_an_hour"]
        floor = KINDS * HOUR / PERIOD * max(1, count // 100)
        note = ", ".join(f"{name} {n}" for name, n in sorted(each["calls"].items()))
        naive = count * len(each["calls"]) * HOUR / 60  # each resource described once a minute
        yield Figure(f"idle, {count} channels: calls an hour", calls, floor, naive, 2 * floor, note)
    first, last = found[0], found[-1]
    ratio = last["transactions_an_hour"] / first["transactions_an_hour"]
    note = f"{first['transactions_an_hour']:,.0f} and {last['transactions_an_hour']:,.0f} an hour"
    what = f"idle: transactions with {last['channels']} / with {first['channels']} channels"
    yield Figure(what, ratio, 1, last["channels"] / first["channels"], 2, note)


def _measured(stack: Stack, channels: int, seconds: float) -> dict[str, Any]:
    stack.control.clear_calls()
    before, began = _statistics(stack), time.monotonic()
    time.sleep(seconds)
    calls = stack.control.counts()["calls"]
    after, taken = _statistics(stack), time.monotonic() - began
    factor = HOUR / taken
    return {
        "channels": channels,
        "seconds": taken,
        "calls": calls,
        "calls_an_hour": sum(calls.values()) * factor,
        **{f"{name}_an_hour": (after[name] - before[name]) * factor for name in after},
        "load": os.getloadavg()[0],
    }


def _statistics(stack: Stack) -> dict[str, int]:
    """PostgreSQL's own counts of the database. Outside a transaction each statement is one of its own."""
    url = stack.processes.environment["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT xact_commit + xact_rollback, tup_returned + tup_fetched, tup_updated + tup_inserted"
            " FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return dict(zip(("transactions", "rows_read", "rows_written"), map(int, row), strict=True))
