"""A world for the drills about clocks: `python -m tests.drills.clocks_world [NAME ...]`."""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from devstack.demo.api import Api
from devstack.demo.stack import SCOPES
from devstack.ports import free_port
from devstack.processes import ProcessSet
from emulator.control import Control
from tests.scenarios.processes import PERIODS
from tests.scenarios.servers import OwnPostgres, OwnRedis, started

SCALE = 0.02
NAMES = ("clocks", "schedule_ahead", "clock_of_aws")


class World:
    def __init__(self, folder: Path, database: OwnPostgres, broker: OwnRedis) -> None:
        urls = {"DATABASE_URL": database.url, "CELERY_BROKER_URL": broker.url}
        self.database, self.processes = database, ProcessSet(folder, {**PERIODS, **urls})
        self.port, self.wrong, self.began = free_port(), [], time.monotonic()

    def open(self, prefix: dict[str, list[str]] | None = None) -> None:
        self.processes.prefix = dict(prefix or {})
        self.processes.start_embedded(SCALE)
        self.processes.run("bootstrap")
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        self.token = self.processes.run("issue_token", "drill", *scopes).strip()
        self.control = Control(self.processes.wait_embedded()["aws_endpoint"])
        for name in ("web", "worker-1", "worker-2", "beat"):
            self.start(name)
        self.processes.wait_ready(timeout=120)
        self.say("everything is up")

    def start(self, name: str) -> None:
        if name == "web":
            self.processes.start_web(self.port)
        elif name == "beat":
            self.processes.start_beat()
        else:
            self.processes.start_worker(int(name.rpartition("-")[2]), concurrency=2)

    def restart(self, name: str, prefix: list[str] | None = None) -> None:
        self.processes.kill(name)
        self.processes.prefix[name] = prefix or []
        self.start(name)

    @property
    def url(self) -> str:
        return self.processes.web_url

    def api(self) -> Api:
        return Api(self.url, self.token)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(psycopg.connect(self.database.url, autocommit=True)) as connection:
            return connection.execute(query, values).fetchall()

    def wait(self, until: Callable[[], bool], what: str, seconds: float) -> float:
        began = time.monotonic()
        while not until():
            if time.monotonic() - began > seconds:
                self.check(False, f"not within {seconds:.0f} s: {what}")
                break
            time.sleep(0.1)
        return time.monotonic() - began

    def check(self, good: bool, sentence: str) -> None:
        if not good:
            self.say(f"WRONG {sentence}")
            self.wrong.append(sentence)

    def note(self, what: str, value: object) -> None:
        self.say(f"{what}: {value:.1f} s" if isinstance(value, float) else f"{what}: {value}")

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {what}", flush=True)


def play(name: str) -> bool:
    module = importlib.import_module(f"tests.drills.{name}")
    print(f"--- {name}: {module.TITLE}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="streamhub-drill-"))
    with started(OwnPostgres) as database, started(OwnRedis) as broker:
        world = World(folder, database, broker)
        with world.processes:
            module.drill(world)
    print(f"{len(world.wrong)} wrong; logs in {folder / 'logs'}", flush=True)
    return not world.wrong


if __name__ == "__main__":
    raise SystemExit(sum(not play(name) for name in sys.argv[1:] or NAMES))
