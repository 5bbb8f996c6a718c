"""What a drill plays with: PostgreSQL and Redis in pairs, the embedded AWS, and the product's processes.

A drill calls `open` first. What is wrong is collected with `check`; `note` keeps a figure for the report.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from devstack.demo.api import Api
from devstack.demo.stack import SCOPES
from devstack.ports import free_port
from devstack.processes import AT_WORK, ProcessSet
from emulator.control import Control
from tests.scenarios.failover import PostgresPair, RedisPair, postgres_pair, redis_pair
from tests.scenarios.processes import PERIODS

SCALE = 0.02
ROLES = ("web", "worker-1", "worker-2", "beat")
PASSWORD = "a-password-of-the-drill"


class World:
    """Everything that runs in a drill."""

    def __init__(self, folder: Path, database: PostgresPair, broker: RedisPair) -> None:
        self.database, self.broker = database, broker
        self.environment = {
            **PERIODS,
            "DATABASE_URL": database.url,
            "CELERY_BROKER_URL": broker.url,
            "ADMIN_PASSWORD": PASSWORD,
        }
        self.processes = ProcessSet(folder, self.environment)
        self.port = free_port()
        self.wrong: list[str] = []
        self.figures: dict[str, str] = {}
        self.token = ""
        self._began = time.monotonic()

    # --- processes -------------------------------------------------------------------------

    def open(
        self, prefix: dict[str, list[str]] | None = None, environment: dict[str, str] | None = None
    ) -> None:
        """Start web, two workers and beat, and wait until they are ready.

        `prefix`: words before the command of a role, e.g. {"worker": ["faketime", "-f", "+5m"]}.
        """
        self.processes.environment |= environment or {}
        self.processes.prefix = dict(prefix or {})
        self.processes.start_embedded(SCALE)
        self.processes.run("bootstrap")
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        self.token = self.processes.run("issue_token", "drill", *scopes).strip()
        self.control = Control(self.processes.wait_embedded()["aws_endpoint"])
        for role in ROLES:
            self.start(role)
        self.processes.wait_ready(*AT_WORK, timeout=120)  # a shifted clock is not ready
        self.say("everything is up")

    def start(self, role: str) -> None:
        """Start one of `ROLES`."""
        if role == "web":
            self.processes.start_web(self.port)
        elif role == "beat":
            self.processes.start_beat()
        else:
            self.processes.start_worker(int(role.rpartition("-")[2]), concurrency=2)

    def restart(self, role: str, prefix: list[str] | None = None) -> None:
        """Kill one of `ROLES` and start it again, with other words before its command."""
        self.processes.kill(role)
        self.processes.prefix[role] = prefix or []
        self.start(role)

    def ended(self) -> list[str]:
        """The processes that ended by themselves."""
        return sorted(n for n, process in self.processes.running.items() if process.popen.poll() is not None)

    # --- talking to it ---------------------------------------------------------------------

    @property
    def url(self) -> str:
        return self.processes.web_url

    def api(self, timeout: float = 30) -> Api:
        return Api(self.url, self.token, timeout)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the writer, read beside the product."""
        with closing(psycopg.connect(self.database.writer.url, autocommit=True)) as connection:
            return connection.execute(sql.SQL(query), values).fetchall()  # type: ignore[arg-type]

    def show(self, name: str) -> str:
        """A breakout that is on air, on a channel of that name; its id."""
        api = self.api()
        channel = api.post("channels", {"name": name, "allowed_cidrs": ["203.0.113.0/24"]})["id"]
        self.wait(lambda: api.get(f"channels/{channel}")["state"] == "idle", f"{name} is idle", 120)
        id = str(api.post("breakouts", {"channel": channel, "name": f"show on {name}"})["id"])
        api.post(f"breakouts/{id}/start")
        self.wait(lambda: api.get(f"breakouts/{id}")["state"] == "running", f"{name} is on air", 120)
        return id

    # --- waiting and telling ---------------------------------------------------------------

    def wait(self, until: Callable[[], bool], what: str, seconds: float) -> float:
        """The seconds until it is true. Not true in time is wrong, and gives the time waited."""
        began = time.monotonic()
        while not until():
            if time.monotonic() - began > seconds:
                self.check(False, f"not within {seconds:.0f} s: {what}")
                break
            time.sleep(0.1)
        return time.monotonic() - began

    def check(self, good: bool, sentence: str) -> None:
        """Keep the sentence unless it is good."""
        if not good:
            self.say(f"WRONG {sentence}")
            self.wrong.append(sentence)

    def note(self, what: str, value: object) -> None:
        """A figure for the report."""
        self.figures[what] = f"{value:.1f} s" if isinstance(value, float) else str(value)

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {what}", flush=True)


@contextmanager
def new_world(folder: Path | None = None) -> Iterator[World]:
    """A world that is not opened yet. Its processes and servers are ended afterwards."""
    folder = folder or Path(tempfile.mkdtemp(prefix="streamhub-drill-"))
    with postgres_pair() as database, redis_pair() as broker:
        world = World(folder, database, broker)
        with world.processes:
            yield world
