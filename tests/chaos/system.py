"""Everything that runs under chaos. Each part can be killed and started again by name."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from devstack.demo.api import Api
from devstack.demo.stack import SCOPES
from devstack.ports import free_port
from devstack.process import write_whole
from devstack.processes import AT_WORK, ProcessSet
from emulator.control import Control
from tests.scenarios.failover import PostgresPair, RedisPair, postgres_pair, redis_pair
from tests.scenarios.processes import PERIODS
from tests.scenarios.shifted import shifted

SCALE = 0.02
WORKERS = 2
ENDPOINT = "endpoint"
# The parts that can be killed, and their weights.
PARTS = {"worker-1": 3, "worker-2": 3, "web": 3, "beat": 2, "redis": 3, "postgres": 2, "aws": 5}
# What else can happen to them in a run: the database is a reader for a while, Redis changes places with its
# replica, and one worker's host has a wrong clock all the time.
READER, DEMOTION, SHIFT = "reader", "demotion", "shift"
MISFORTUNES = {READER: 3, DEMOTION: 3, SHIFT: 0}  # with their weights beside PARTS


@dataclass
class Outages:
    """When web or database was down (`time.monotonic`). A request that overlaps an outage may fail."""

    spans: list[tuple[float, float | None, str]] = field(default_factory=list)

    def begin(self, part: str) -> None:
        self.spans.append((time.monotonic(), None, part))

    def end(self, part: str) -> None:
        now = time.monotonic()
        self.spans = [
            (began, now if ended is None and name == part else ended, name)
            for began, ended, name in self.spans
        ]

    def met(self, start: float, end: float) -> bool:
        return any(began <= end and (ended is None or start <= ended) for began, ended, _ in self.spans)


class ChaosSystem:
    """The product's processes, a PostgreSQL and a Redis, the embedded AWS, and its endpoint."""

    def __init__(self, folder: Path, postgres: PostgresPair, broker: RedisPair, aws: ProcessSet) -> None:
        self.postgres, self.broker, self.aws = postgres, broker, aws
        self.processes = ProcessSet(folder, self.environment())
        self.outages = Outages()
        self.kills: Counter[str] = Counter()
        self.endpoint_port, self.web_port = free_port(), free_port()
        addresses = aws.wait_embedded()
        self.aws_port = urlsplit(addresses["aws_endpoint"]).port
        self.control = Control(addresses["aws_endpoint"])
        proxied = {**addresses, "aws_endpoint": f"http://127.0.0.1:{self.endpoint_port}"}
        write_whole(folder / "embedded.json", json.dumps(proxied))

    def environment(self) -> dict[str, str]:
        return {**PERIODS, "DATABASE_URL": self.postgres.url, "CELERY_BROKER_URL": self.broker.url}

    def shift(self, seconds: int) -> None:
        """The clock of the second worker's host is ahead by so many seconds. Call it before `open`."""
        self.processes.prefix["worker-2"] = shifted(seconds)

    def open(self) -> None:
        """Start everything and wait until it is ready."""
        self._start_endpoint()
        self.processes.run("bootstrap")
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        self.token = self.processes.run("issue_token", "chaos", *scopes).strip()
        self.control.console("mediapackage", "set_quota", channels=100)
        for part in ("web", "worker-1", "worker-2", "beat"):
            self._starts()[part]()
        self.processes.wait_ready(*AT_WORK, timeout=120)  # a shifted clock is not ready

    def api(self) -> Api:
        return Api(f"http://127.0.0.1:{self.web_port}", self.token)

    def kill(self, part: str, *, gently: bool = False) -> None:
        """Kill one part of `PARTS`, or begin a misfortune.

        `gently`: the database shuts down in fast mode; sessions end when it becomes a reader.
        """
        self.kills[part.partition("-")[0]] += 1
        if part in ("web", "postgres", READER):
            self.outages.begin(part)
        if part == "postgres":
            self.postgres.writer.shut_down() if gently else self.postgres.writer.kill()
        elif part == READER:
            self.postgres.to_reader(cut=gently)
        elif part == "redis":
            self.broker.master.kill()
        elif part == DEMOTION:
            self.broker.fail_over()
        else:
            self.processes.kill(ENDPOINT if part == "aws" else part)

    def start(self, part: str) -> None:
        """Start a part again. Returns at once; for the database, once it answers."""
        self._starts()[part]()
        if part in ("postgres", READER):
            self.outages.end(part)

    def supervise(self) -> list[str]:
        """Restart processes that ended by themselves, and end web's outage once it answers; their names."""
        running = self.processes.running.items()
        ended = [name for name, process in running if process.popen.poll() is not None]
        for name in ended:
            if name == "web":
                self.outages.begin(name)
            self.processes.kill(name)
            self._starts()["aws" if name == ENDPOINT else name]()
        if any(end is None and part == "web" for _, end, part in self.outages.spans) and self.web_answers():
            self.outages.end("web")
        return ended

    def web_answers(self) -> bool:
        if "web" not in self.processes.running:
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/livez", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _starts(self) -> dict[str, Callable[[], object]]:
        return {
            "web": lambda: self.processes.start_web(self.web_port),
            "worker-1": lambda: self.processes.start_worker(1),
            "worker-2": lambda: self.processes.start_worker(2),
            "beat": self.processes.start_beat,
            "aws": self._start_endpoint,
            "redis": lambda: self.broker.master.start(),
            "postgres": lambda: self.postgres.writer.start(),
            READER: self.postgres.to_writer,
            DEMOTION: self.broker.to_master,
        }

    def _start_endpoint(self) -> None:
        ports = ("--port", str(self.endpoint_port), "--to", str(self.aws_port))
        self.processes.start(ENDPOINT, "-m", "tests.chaos.endpoint", *ports)

    def close(self) -> None:
        self.processes.stop_all()
        if ENDPOINT in self.processes.running:
            self.processes.kill(ENDPOINT)


@contextmanager
def chaos_system(folder: Path) -> Iterator[ChaosSystem]:
    """The servers and processes, not yet opened; all of them are ended afterwards."""
    with postgres_pair() as postgres, redis_pair() as broker, ProcessSet(folder / "aws", {}) as aws:
        aws.start_embedded(SCALE)
        system = ChaosSystem(folder, postgres, broker, aws)
        try:
            yield system
        finally:
            system.close()
