"""`make matrix`: the whole crash and fault matrix, each point in a new world, with real SIGKILLs.

A lane is a process with an embedded AWS (another process) and a database file. It prepares the world of each
flow once and freezes it. For each call it copies the database, forks the AWS, and forks a worker that writes
the intent and works until that call; there database, AWS and worker are copied for each fault. If the point
kills the worker, another one is forked and continues, as under a supervisor. The parent processes never use
the database or AWS, so that every worker starts in the same state.

`make matrix POINT=flow:call:kind` replays one point; `FLOW=name` runs one flow.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing as mp
import os
import shutil
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
# In memory if possible: thousands of databases are written, and none is kept.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
SCRATCH = Path(tempfile.mkdtemp(prefix="streamhub-matrix-", dir=MEMORY))
os.environ["STREAMHUB_VAR_DIR"] = str(SCRATCH)

import django  # noqa: E402

django.setup()

from botocore.retries.standard import ExponentialBackoff  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from streamhub.lifecycle import wake  # noqa: E402
from tests.matrix.faults import KINDS  # noqa: E402
from tests.matrix.lane import Lane, plain  # noqa: E402
from tests.matrix.outside import FLOWS  # noqa: E402
from tests.matrix.points import Point, Verdict, points_of  # noqa: E402
from tests.matrix.snapshot import load_models, no_garbage_collection  # noqa: E402
from tests.matrix.taking import TAKE  # noqa: E402
from tests.scenarios.world import configure  # noqa: E402


def lane_main(number: int, template: Path, calls: Any, verdicts: Any) -> None:
    """Run the points of each call in the queue, which is ordered by flow, until it ends."""
    no_garbage_collection()
    flow, lane = "", None
    while (values := calls.get()) is not None:
        points = [Point(*each) for each in values]
        if points[0].flow != flow:
            if lane is not None:
                lane.close()
            flow = points[0].flow
            lane = Lane(number, template, SCRATCH, flow)
        assert lane is not None
        for point, verdict in lane.run(points):
            verdicts.put((astuple(point), plain(verdict)))
    if lane is not None:
        lane.close()
    verdicts.put(None)


def by_call(points: list[Point]) -> list[list[Point]]:
    """The points that a lane runs together: those of one call. Those that take resources are apart."""
    groups: dict[tuple[str, int, bool], list[Point]] = {}
    for point in points:
        groups.setdefault((point.flow, point.call, point.kind == TAKE), []).append(point)
    return list(groups.values())


def enumerate_points(template: Path, flows: list[str], lanes: int) -> list[Point]:
    """Run every flow once without a fault, and list the crashes and faults of each of its calls."""
    with ProcessPoolExecutor(lanes, mp.get_context("fork")) as pool:
        return [point for points in pool.map(partial(points_of_flow, template), flows) for point in points]


def points_of_flow(template: Path, name: str) -> list[Point]:
    lane = Lane(0, template, SCRATCH)
    lane.reset()
    _, answer = lane.in_worker(lambda world: [astuple(point) for point in points_of(world, name, KINDS)])
    lane.close()
    if answer is None:
        raise RuntimeError(f"The flow {name} does not work even without a fault.")
    return [Point(*values) for values in answer]


def parsed_point(text: str) -> Point:
    try:
        flow, call, kind = text.split(":")
        if flow not in FLOWS or kind not in KINDS:
            raise ValueError
        return Point(flow, int(call), kind)
    except ValueError:
        raise SystemExit(
            f"POINT={text} is not a point. Write flow:call:kind, with flow one of {', '.join(FLOWS)}"
            f" and kind one of {', '.join(KINDS)}."
        ) from None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--point", default="")
    parser.add_argument("--flow", default="")
    parser.add_argument("--lanes", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    configure(settings)
    wake.send = lambda task, args, queue, countdown=0: None  # there is no broker: the sweep finds every row
    # Without this, botocore waits up to a second before a retry.
    ExponentialBackoff.delay_amount = lambda *_: 0
    template = SCRATCH / "template.sqlite3"
    connections["default"].settings_dict["NAME"] = str(template)
    call_command("migrate", verbosity=0)
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
    load_models()
    began = time.monotonic()
    if options.point:
        points = [parsed_point(options.point)]
    else:
        points = enumerate_points(template, [options.flow] if options.flow else sorted(FLOWS), options.lanes)
    print(f"{len(points)} points in {options.lanes} lanes", flush=True)
    verdicts = run_all(points, template, min(options.lanes, len(points)))
    return report(verdicts, time.monotonic() - began)


def run_all(points: list[Point], template: Path, lanes: int) -> list[Verdict]:
    context = mp.get_context("fork")
    todo, done = context.Queue(), context.Queue()
    for group in by_call(points):
        todo.put([astuple(point) for point in group])
    for _ in range(lanes):
        todo.put(None)
    # Not daemons, because each starts a child process, its AWS.
    workers = [context.Process(target=lane_main, args=(n + 1, template, todo, done)) for n in range(lanes)]
    for worker in workers:
        worker.start()
    verdicts: list[Verdict] = []
    ended = 0
    while ended < lanes:
        message = done.get()
        if message is None:
            ended += 1
            continue
        values, answer = message
        verdicts.append(Verdict(Point(*values), **answer))
        if len(verdicts) % 100 == 0:
            print(f"  {len(verdicts)} of {len(points)}", flush=True)
        if answer["failure"]:
            print(f"  {verdicts[-1].point} ({values[3]}): {answer['failure']}", flush=True)
    for worker in workers:
        worker.join()
    return verdicts


def report(verdicts: list[Verdict], seconds: float) -> int:
    """Print the failures with how to replay each, and the totals; returns the exit code.

    Points whose fault met no call tested nothing: they are listed but not counted.
    """
    failed = [verdict for verdict in verdicts if not verdict.converged]
    struck = [verdict for verdict in verdicts if verdict.struck]
    by_flow = Counter(verdict.point.flow for verdict in struck)
    print("\n" + " · ".join(f"{name} {n}" for name, n in sorted(by_flow.items())))
    for verdict in failed:
        print(f"FAILED make matrix POINT={verdict.point}  ({verdict.point.operation}) {verdict.failure}")
    if len(struck) < len(verdicts):
        missed = ", ".join(str(verdict.point) for verdict in verdicts if not verdict.struck)
        print(f"{len(verdicts) - len(struck)} faults met no call: {missed}")
    print(
        f"points {len(struck)} · converged {sum(verdict.converged for verdict in struck)}"
        f" · orphans {sum(verdict.orphans for verdict in verdicts)}"
        f" · duplicates {sum(verdict.duplicates for verdict in verdicts)}"
        f" · illegal calls {sum(verdict.illegal for verdict in verdicts)}"
        f" · lost bytes {sum(verdict.lost_bytes for verdict in verdicts)} · {seconds:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        code = main()
    finally:
        with suppress(OSError):
            shutil.rmtree(SCRATCH)
    raise SystemExit(code)
