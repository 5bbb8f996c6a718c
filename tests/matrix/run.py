"""`make matrix`: the whole crash and fault matrix, each point in a fresh world, with real SIGKILLs.

A lane is one process with an embedded AWS (a process of its own) and a database file. For each flow it
prepares the world once and freezes it. For each point it copies the database, forks the AWS, and forks a
worker that writes the intent and works; if the point kills the worker, another one is forked, as a
supervisor would start one, and goes on. The parents never touch the database and never call AWS, so every
fork starts warm and clean.

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
# In memory where there is such a place: thousands of databases are written, and none is kept.
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
from tests.matrix.flows import FLOWS, Flow  # noqa: E402
from tests.matrix.points import Point, Verdict, begin, points_of, verdict, worked  # noqa: E402
from tests.matrix.snapshot import FrozenAws  # noqa: E402
from tests.scenarios.mortal import MortalSession  # noqa: E402
from tests.scenarios.world import WorldUnderTest, configure, expire_claims  # noqa: E402

SECONDS_PER_POINT = 120
REGION = "eu-central-1"


def kill_myself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def warm_clients(url: str) -> _Clients:
    """boto3's clients, made once and before the forks (which costs more than many a point), never used."""
    clients = _Clients(embedded_target(url, REGION, "local"))
    for service in ("medialive", "mediapackage", "cloudfront", "cloudwatch"):
        for attempts in (1, ATTEMPTS):
            for region in {REGION, "us-east-1"}:
                clients.get(service, region, attempts)
    return clients


class Lane:
    """One AWS, one database file, one worker at a time; each point begins in its flow's world."""

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
        """Prepare the flow's world once; from then on `fresh` brings it back."""
        self.fresh()
        _, done = self.in_worker(lambda world: _prepared(world, FLOWS[flow]))
        if not done:
            raise SystemExit(f"The world of the flow {flow} cannot be prepared.")
        self.template = self.folder / "prepared.sqlite3"
        shutil.copy(self.database, self.template)
        self.aws.freeze()

    def fresh(self) -> None:
        """The account and the database as they were prepared, or empty."""
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.template, self.database)

    def close(self) -> None:
        self.aws.close()
        shutil.rmtree(self.folder)

    def in_worker(self, work: Callable[[WorldUnderTest], Any]) -> tuple[bool, Any]:
        """Fork a worker for `work`; (killed, its answer). Answers must be plain data."""
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
            except BaseException as error:  # noqa: BLE001  this is the worker's last word
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
        """One point, from the prepared world to its verdict."""
        self.fresh()
        self.aws.thaw()
        killed, said = self.in_worker(lambda world: _first(world, point))
        if killed:
            _, said = self.in_worker(lambda world: _successor(world, point))
        if said is None:
            return Verdict(point, "the worker ended without a verdict")
        return Verdict(point, **said)


def _prepared(world: WorldUnderTest, flow: Flow) -> bool:
    flow.prepare(world)
    connections.close_all()  # else what was written last stays in a file beside the database
    return True


def _first(world: WorldUnderTest, point: Point) -> dict[str, Any]:
    return _work(world, point, begin(world, point, prepared=True))


def _successor(world: WorldUnderTest, point: Point) -> dict[str, Any]:
    """What a supervisor starts after a kill; the claims of the dead run out by the database's clock."""
    expire_claims()
    return _work(world, point, FLOWS[point.flow], killed=True)


def _work(world: WorldUnderTest, point: Point, flow: Flow, *, killed: bool = False) -> dict[str, Any]:
    return _plain(verdict(world, point, flow, worked(world, flow), killed=killed))


def _plain(seen: Verdict) -> dict[str, Any]:
    """The verdict as it goes through pipes and queues: all of it but the point."""
    return {each.name: getattr(seen, each.name) for each in fields(seen) if each.name != "point"}


def lane_main(number: int, template: Path, points: Any, verdicts: Any) -> None:
    """Take points from the queue until there are none; they come flow by flow."""
    flow, lane = "", None
    while (given := points.get()) is not None:
        point = Point(*given)
        if point.flow != flow:
            if lane is not None:
                lane.close()
            flow, lane = point.flow, Lane(number, template, point.flow)
        verdicts.put((given, _plain(lane.run(point))))
    if lane is not None:
        lane.close()
    verdicts.put(None)


def enumerate_points(template: Path, flows: list[str]) -> list[Point]:
    """Run every flow once without a fault, and list all that can go wrong at each of its calls."""
    found: list[Point] = []
    for name in flows:
        lane = Lane(0, template)
        lane.fresh()
        _, given = lane.in_worker(
            lambda world, name=name: [
                (each.flow, each.call, each.kind, each.operation) for each in points_of(world, name, KINDS)
            ]
        )
        lane.close()
        if given is None:
            raise SystemExit(f"The flow {name} does not work even without a fault.")
        found += [Point(*each) for each in given]
    return found


def parsed_point(text: str) -> Point:
    try:
        flow, call, kind = text.split(":")
        if flow not in FLOWS or kind not in KINDS:
            raise ValueError
        return Point(flow, int(call), kind)
    except ValueError:
        raise SystemExit(
            f"POINT={text} is none: write flow:call:kind, flow one of {', '.join(FLOWS)};"
            f" kind one of {', '.join(KINDS)}."
        ) from None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--point", default="")
    parser.add_argument("--flow", default="")
    parser.add_argument("--lanes", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    configure(settings)
    wake.send = lambda task, args, queue: None  # the broker is lost throughout: the sweep must do
    template = SCRATCH / "template.sqlite3"
    connections["default"].settings_dict["NAME"] = str(template)
    call_command("migrate", verbosity=0)
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
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
    # Not daemons: each has a child of its own, its AWS.
    workers = [context.Process(target=lane_main, args=(n + 1, template, todo, done)) for n in range(lanes)]
    for worker in workers:
        worker.start()
    verdicts: list[Verdict] = []
    ended = 0
    while ended < lanes:
        got = done.get()
        if got is None:
            ended += 1
            continue
        given, said = got
        verdicts.append(Verdict(Point(*given), **said))
        if len(verdicts) % 100 == 0:
            print(f"  {len(verdicts)} of {len(points)}", flush=True)
        if said["failure"]:
            print(f"  {verdicts[-1].point} ({given[3]}): {said['failure']}", flush=True)
    for worker in workers:
        worker.join()
    return verdicts


def report(verdicts: list[Verdict], seconds: float) -> int:
    """The line of numbers, and the table of failures with how to replay each.

    A fault that met no call tested nothing: such points are told, and not counted.
    """
    bad = [seen for seen in verdicts if not seen.converged]
    met = [seen for seen in verdicts if seen.struck]
    by_flow = Counter(seen.point.flow for seen in met)
    print("\n" + " · ".join(f"{name} {n}" for name, n in sorted(by_flow.items())))
    for seen in bad:
        print(f"FAILED make matrix POINT={seen.point}  ({seen.point.operation}) {seen.failure}")
    if len(met) < len(verdicts):
        missed = ", ".join(str(seen.point) for seen in verdicts if not seen.struck)
        print(f"{len(verdicts) - len(met)} faults met no call: {missed}")
    print(
        f"points {len(met)} · converged {sum(seen.converged for seen in met)}"
        f" · orphans {sum(seen.orphans for seen in verdicts)}"
        f" · duplicates {sum(seen.duplicates for seen in verdicts)}"
        f" · illegal calls {sum(seen.illegal for seen in verdicts)}"
        f" · lost bytes {sum(seen.lost_bytes for seen in verdicts)} · {seconds:.0f} s"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        code = main()
    finally:
        with suppress(OSError):
            shutil.rmtree(SCRATCH)
    raise SystemExit(code)
