"""A lane of the matrix: one AWS, one database file, one worker at a time.

Points of the same call share the way to it: a worker goes there once, and from there one fork of it goes on
for each fault, with a fork of the AWS and a copy of the database as they were just before the call.
"""

from __future__ import annotations

import json
import multiprocessing as mp
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from emulator.control import Control
from streamhub.aws.session import ATTEMPTS, _Clients, use_session
from streamhub.aws.target import embedded_target
from tests.matrix.faults import arm_next
from tests.matrix.flows import Flow
from tests.matrix.outside import FLOWS
from tests.matrix.points import Point, Verdict, begin, judge, run_flow, run_taken
from tests.matrix.snapshot import FrozenAws
from tests.matrix.taking import TAKE
from tests.scenarios.crashing_session import MortalSession
from tests.scenarios.world import WorldUnderTest, expire_claims

SECONDS_PER_POINT = 120
REGION = "eu-central-1"
WAL = ("", "-wal", "-shm")


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


def plain(verdict: Verdict) -> dict[str, Any]:
    """The verdict as plain data for pipes and queues, without its point."""
    return {field.name: getattr(verdict, field.name) for field in fields(verdict) if field.name != "point"}


class Lane:
    """The parent process of its workers. It uses neither database nor AWS: all forks start alike."""

    def __init__(self, number: int, template: Path, scratch: Path, flow: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"lane-{number}-", dir=scratch))
        self.template = template
        self.database = self.folder / "db.sqlite3"
        self.copied = self.folder / "branch.sqlite3"
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
        _copy_database(self.template, self.database)

    def close(self) -> None:
        self.aws.close()
        shutil.rmtree(self.folder)

    def in_worker(self, work: Callable[[WorldUnderTest], Any]) -> tuple[bool, Any]:
        """Fork a worker for `work`; returns (killed, answer). The answer must be plain data."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            self._work_and_end(lambda world: _write(writer, work(world)))
        os.close(writer)
        return _answer_of(pid, reader)

    def _work_and_end(self, work: Callable[[WorldUnderTest], Any]) -> None:
        """A worker's whole life."""
        status = 1
        try:
            signal.alarm(SECONDS_PER_POINT)
            with self.world() as world:
                work(world)
            status = 0
        except BaseException as error:  # noqa: BLE001  the worker reports it and ends
            sys.stderr.write(f"worker: {type(error).__name__}: {error}\n")
        finally:
            os._exit(status)

    @contextmanager
    def world(self) -> Iterator[WorldUnderTest]:
        session = MortalSession(embedded_target(self.aws.url, REGION, "local"))
        session.die = kill_myself
        session._per_process[os.getpid()] = self.clients
        with use_session(session):
            yield WorldUnderTest(Control(self.aws.url), session)

    # --- points ----------------------------------------------------------------------------

    def run(self, points: list[Point]) -> Iterator[tuple[Point, Verdict]]:
        """Run points of one call of a flow, each in its prepared world."""
        if len(points) == 1 or any(point.kind == TAKE for point in points):
            yield from ((point, self._run_alone(point)) for point in points)
        else:
            yield from self._run_from_their_call(points)

    def _run_alone(self, point: Point) -> Verdict:
        self.reset()
        self.aws.thaw()
        killed, answer = self.in_worker(lambda world: _first(world, point))
        if killed:
            _, answer = self.in_worker(lambda world: _successor(world, point))
        return _verdict(point, answer)

    def _run_from_their_call(self, points: list[Point]) -> Iterator[tuple[Point, Verdict]]:
        """Let one worker go to the call, and a fork of it go on for each point."""
        self.reset()
        self.aws.thaw()
        ours, theirs = mp.Pipe()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._work_and_end(_Branching(self, points, theirs).work)
        theirs.close()
        missing = list(points)
        with suppress(EOFError):
            while missing:
                killed, answer = ours.recv()
                if killed:
                    _, answer = self.in_worker(self._successor_of(missing[0]))
                yield missing[0], _verdict(missing.pop(0), answer)
                ours.send("next")
        ours.close()
        os.waitpid(pid, 0)
        self.aws.end_branches()
        yield from ((point, _verdict(point, None)) for point in missing)

    def _successor_of(self, point: Point) -> Callable[[WorldUnderTest], dict[str, Any]]:
        def work(world: WorldUnderTest) -> dict[str, Any]:
            connections["default"].settings_dict["NAME"] = str(self.copied)
            return _successor(world, point)

        return work


class _Branching:
    """A worker that goes to the call of its points; from there a fork goes on for each of them."""

    def __init__(self, lane: Lane, points: list[Point], pipe: Connection) -> None:
        self._lane = lane
        self._points = points
        self._pipe = pipe
        self._writer: int | None = None  # of a fork's answer
        self._left_open: list[Any] = []

    def work(self, world: WorldUnderTest) -> None:
        """Do the flow's work. What comes after the call is done by a fork, with one point."""
        flow = begin(world, Point(self._points[0].flow, 0, "none"), prepared=True)
        session = world.session
        assert isinstance(session, MortalSession)
        session.interrupt_at, session.interrupt = self._points[0].call, lambda: self._branch(world)
        failure = run_flow(world, flow)
        answer = plain(judge(world, self._points[0], flow, failure))
        if self._writer is not None:
            _write(self._writer, answer)
            return
        for _ in self._points:  # the call was not made
            self._tell(killed=False, answer=answer)

    def _tell(self, *, killed: bool, answer: Any) -> None:
        """Give the lane an answer, and wait until it is done with it."""
        self._pipe.send((killed, answer))
        self._pipe.recv()

    def _branch(self, world: WorldUnderTest) -> None:
        """Just before the call. Only the forks return."""
        signal.alarm(0)
        assert not connections["default"].in_atomic_block
        self._lane.aws.hold()
        for point in self._points:
            self._lane.aws.branch()
            _copy_database(self._lane.database, self._lane.copied)
            reader, writer = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(reader)
                self._points, self._writer = [point], writer
                self._go_on(world)
                return
            os.close(writer)
            killed, answer = _answer_of(pid, reader)
            self._tell(killed=killed, answer=answer)
        os._exit(0)

    def _go_on(self, world: WorldUnderTest) -> None:
        """In a fork: the copied database, the lane's clients, and the fault at the call."""
        signal.alarm(SECONDS_PER_POINT)
        connection = connections["default"]
        self._left_open.append(connection.connection)  # closing it here would write into the worker's file
        connection.connection = None
        connection.settings_dict["NAME"] = str(self._lane.copied)
        world.session._per_process[os.getpid()] = self._lane.clients
        arm_next(world, self._points[0].kind)


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database that nobody writes into now, with what is still in its write-ahead log."""
    for suffix in WAL:
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    shutil.copy(source, target)
    with suppress(FileNotFoundError):
        shutil.copy(f"{source}-wal", f"{target}-wal")


def _write(writer: int, answer: Any) -> None:
    with os.fdopen(writer, "w") as pipe:
        json.dump(answer, pipe)


def _answer_of(pid: int, reader: int) -> tuple[bool, Any]:
    """Wait for a worker's end: whether it was killed, and its answer."""
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return killed, json.loads(text) if text else None


def _verdict(point: Point, answer: dict[str, Any] | None) -> Verdict:
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
        return plain(run_taken(world, point, flow))
    return plain(judge(world, point, flow, run_flow(world, flow), killed=killed))
