"""`make matrix`: the whole crash and fault matrix, each point in a new world, with real SIGKILLs.

A lane is a process with an embedded AWS (another process) and a database file. It prepares the world of each
flow once and freezes it. For each point it copies the database, forks the AWS, and forks a worker that writes
the intent and works. If the point kills the worker, another one is forked and continues, as under a
supervisor. The parent processes never use the database or AWS, so that every fork starts in the same state.

`make matrix POINT=flow:call:kind` replays one point; `FLOW=name` runs one flow.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing as mp
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
# In memory if possible: thousands of databases are written, and none is kept.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
SCRATCH = Path(tempfile.mkdtemp(prefix="streamhub-matrix-", dir=MEMORY))
os.environ["STREAMHUB_VAR_DIR"] = str(SCRATCH)

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from emulator.control import Control  # noqa: E402
from streamhub.aws.session import ATTEMPTS, _Clients, use_session  # noqa: E402
from streamhub.aws.target import embedded_target  # noqa: E402
from streamhub.lifecycle import wake  # noqa: E402
from tests.matrix.faults import KINDS  # noqa: E402
from tests.matrix.flows import Flow  # noqa: E402
from tests.matrix.outside import FLOWS  # noqa: E402
from tests.matrix.points import Point, Verdict, begin, judge, points_of, run_flow, run_taken  # noqa: E402
from tests.matrix.snapshot import FrozenAws, load_models  # noqa: E402
from tests.matrix.taking import TAKE  # noqa: E402
from tests.scenarios.crashing_session import MortalSession  # noqa: E402
from tests.scenarios.world import WorldUnderTest, configure, expire_claims  # noqa: E402

SECONDS_PER_POINT = 120
REGION = "eu-central-1"


def kill_myself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def warm_clients(url: str) -> _Clients:
    """Create boto3's clients once, before the forks, because that takes longer than many points."""
    clients = _Clients(embedded_target(url, REGION, "local"))
    for service in ("medialive", "mediapackage", "cloudfront", "cloudwatch"):
        for attempts in (1, ATTEMPTS):
            for region in {REGION, "us-east-1"}:
                clients.get(service, region, attempts)
    return clients


class Lane:
    """One AWS, one database file, one worker at a time. Each point begins in its flow's prepared world."""

    def __init__(self, number: int, template: Path, flow: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"lane-{number}-", dir=SCRATCH))
        self.template = template
        self.database = self.folder / "db.sqlite3"
        self.aws = FrozenAws()
        self.clients = warm_clients(self.aws.url)
        settings.DATABASES["default"]["NAME"] = str(self.database)
        connections["default"].settings_dict["NAME"] = str(self.database)
        if flow:
            self.prepare(flow)

    def prepare(self, flow: str) -> None:
        """Prepare the flow's world once. Afterwards `reset` restores it."""
        self.reset()
        _, done = self.in_worker(lambda world: _prepared(world, FLOWS[flow]))
        if not done:
            raise SystemExit(f"The world of the flow {flow} cannot be prepared.")
        self.template = self.folder / "prepared.sqlite3"
        shutil.copy(self.database, self.template)
        self.aws.freeze()

    def reset(self) -> None:
        """Restore the database as it was prepared, or empty."""
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.template, self.database)

    def close(self) -> None:
        self.aws.close()
        shutil.rmtree(self.folder)

    def in_worker(self, work: Callable[[WorldUnderTest], Any]) -> tuple[bool, Any]:
        """Fork a worker for `work`; returns (killed, answer). The answer must be plain data."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            status = 1
            try:
                signal.alarm(SECONDS_PER_POINT)
                with self.world() as world, os.fdopen(writer, "w") as pipe:
                    json.dump(work(world), pipe)
                status = 0
            except BaseException as error:  # noqa: BLE001  the worker reports it and ends
                sys.stderr.write(f"worker: {type(error).__name__}: {error}\n")
            finally:
                os._exit(status)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            text = pipe.read()
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        return killed, json.loads(text) if text else None

    @contextmanager
    def world(self) -> Iterator[WorldUnderTest]:
        session = MortalSession(embedded_target(self.aws.url, REGION, "local"))
        session.die = kill_myself
        session._per_process[os.getpid()] = self.clients
        with use_session(session):
            yield WorldUnderTest(Control(self.aws.url), session)

    def run(self, point: Point) -> Verdict:
        """Run one point in its prepared world."""
        self.reset()
        self.aws.thaw()
        killed, answer = self.in_worker(lambda world: _first(world, point))
        if killed:
            _, answer = self.in_worker(lambda world: _successor(world, point))
        if answer is None:
            return Verdict(point, "the worker ended without a verdict")
        return Verdict(point, **answer)


def _prepared(world: WorldUnderTest, flow: Flow) -> bool:
    flow.prepare(world)
    connections.close_all()  # otherwise the last writes stay in SQLite's separate WAL file
    return True


def _first(world: WorldUnderTest, point: Point) -> dict[str, Any]:
    return _work(world, point, begin(world, point, prepared=True))


def _successor(world: WorldUnderTest, point: Point) -> dict[str, Any]:
    """Continue after a kill, with the killed worker's claims expired."""
    expire_claims()
    return _work(world, point, FLOWS[point.flow], killed=True)


def _work(world: WorldUnderTest, point: Point, flow: Flow, *, killed: bool = False) -> dict[str, Any]:
    if point.kind == TAKE:
        return _plain(run_taken(world, point, flow))
    return _plain(judge(world, point, flow, run_flow(world, flow), killed=killed))


def _plain(verdict: Verdict) -> dict[str, Any]:
    """The verdict as plain data for pipes and queues, without its point."""
    return {field.name: getattr(verdict, field.name) for field in fields(verdict) if field.name != "point"}


def lane_main(number: int, template: Path, points: Any, verdicts: Any) -> None:
    """Run points from the queue, which are ordered by flow, until it ends."""
    flow, lane = "", None
    while (values := points.get()) is not None:
        point = Point(*values)
        if point.flow != flow:
            if lane is not None:
                lane.close()
            flow, lane = point.flow, Lane(number, template, point.flow)
        verdicts.put((values, _plain(lane.run(point))))
    if lane is not None:
        lane.close()
    verdicts.put(None)


def enumerate_points(template: Path, flows: list[str]) -> list[Point]:
    """Run every flow once without a fault, and list the crashes and faults of each of its calls."""
    points: list[Point] = []
    for name in flows:
        lane = Lane(0, template)
        lane.reset()
        _, answer = lane.in_worker(
            lambda world, name=name: [
                (point.flow, point.call, point.kind, point.operation)
                for point in points_of(world, name, KINDS)
            ]
        )
        lane.close()
        if answer is None:
            raise SystemExit(f"The flow {name} does not work even without a fault.")
        points += [Point(*values) for values in answer]
    return points


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
        points = enumerate_points(template, [options.flow] if options.flow else sorted(FLOWS))
    print(f"{len(points)} points in {options.lanes} lanes", flush=True)
    verdicts = run_all(points, template, min(options.lanes, len(points)))
    return report(verdicts, time.monotonic() - began)


def run_all(points: list[Point], template: Path, lanes: int) -> list[Verdict]:
    context = mp.get_context("fork")
    todo, done = context.Queue(), context.Queue()
    for point in points:
        todo.put((point.flow, point.call, point.kind, point.operation))
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
