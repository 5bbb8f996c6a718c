"""All processes as in production, with their usual periods, shows on air, and what can go wrong."""

from __future__ import annotations

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
from tests.scenarios.processes import postgres_database
from tests.scenarios.servers import OwnRedis, started

SCALE = 0.02  # of AWS's own durations only: StreamHub's periods are those of production
WORKERS = (1, 2)
PASSWORD = "a-password-of-the-night"
CIDRS = ["203.0.113.0/24"]


class House:
    """StreamHub at work: main hall and grand hall (two inputs) on air, and a late hall that is idle."""

    def __init__(self, processes: ProcessSet, broker: OwnRedis, database: str) -> None:
        self.processes, self.broker, self.database = processes, broker, database
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        self.api = Api(processes.web_url, processes.run("issue_token", "night", *scopes).strip())
        self.control = Control(processes.wait_embedded()["aws_endpoint"])
        self.faults: list[Any] = []  # those that a misfortune has set
        self.late_show = ""
        self.main = self._channel("Main hall")
        self.grand = self._channel("Grand hall", second_input={"type": "RTMP_PUSH"}, slate_on_loss=True)
        self.late = self._channel("Late hall")
        self.show, self.grand_show = self.on_air(self.main, "Keynote"), self.on_air(self.grand, "Panel")

    def _channel(self, name: str, **more: Any) -> str:
        id = str(self.api.post("channels", {"name": name, "allowed_cidrs": CIDRS, **more})["id"])
        self.wait(lambda: self.channel(id)["state"] == "idle", f"{name} is idle")
        return id

    def channel(self, id: str) -> Any:
        return self.api.get(f"channels/{id}")

    def breakout(self, id: str) -> Any:
        return self.api.get(f"breakouts/{id}")

    def on_air(self, channel: str, name: str) -> str:
        """A new breakout of that channel, on air; its id."""
        id = self.begin(channel, name)
        self.wait(lambda: self.breakout(id)["state"] == "running", f"{name} is on air")
        self.api.post(f"breakouts/{id}/curtain", {"raised": True})
        return id

    def begin(self, channel: str, name: str) -> str:
        """Start a new breakout of that channel, and do not wait; its id."""
        id = str(self.api.post("breakouts", {"channel": channel, "name": name})["id"])
        self.api.post(f"breakouts/{id}/start")
        return id

    def finish(self, id: str) -> None:
        self.api.post(f"breakouts/{id}/stop")
        self.wait(lambda: self.breakout(id)["state"] == "completed", f"breakout {id} is over")

    def row(self, channel: str, *columns: str) -> tuple[Any, ...]:
        """Columns of the channel's row, read beside the product."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        query = sql.SQL("SELECT {} FROM channels_app_channel WHERE id = %s").format(names)
        with closing(psycopg.connect(self.database, autocommit=True)) as connection:
            return connection.execute(query, [channel]).fetchone() or ()

    def input_ids(self, channel: str) -> list[str]:
        """The ids of the channel's inputs, the main one first."""
        return [id for id in self.row(channel, "ml_input_id", "ml_second_id") if id]

    def distribution(self, channel: str) -> str:
        """The AWS id of the channel's distribution."""
        query = (
            "SELECT aws_distribution_id FROM distributions_distribution d "
            "JOIN channels_app_channel c ON c.distribution_id = d.id WHERE c.id = %s"
        )
        with closing(psycopg.connect(self.database, autocommit=True)) as connection:
            found = connection.execute(query, [channel]).fetchone()
        return str(found[0]) if found and found[0] else ""

    def medialive(self, action: str, **parameters: Any) -> Any:
        """Do something in MediaLive's console, or to an encoder."""
        return self.control.console("medialive", action, **parameters)

    def start_workers(self) -> None:
        for number in WORKERS:
            self.processes.start_worker(number, concurrency=2)

    def kill_workers(self) -> None:
        for number in WORKERS:
            self.processes.kill(f"worker-{number}")

    def wait(self, until: Callable[[], object], what: str, seconds: float = 120) -> None:
        """Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:.0f} s: {what}")
            time.sleep(0.3)


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """Everything started; all of it is ended afterwards. The logs are in `folder`."""
    with postgres_database() as database, started(OwnRedis) as broker:
        environment = {
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": broker.url,
            "ADMIN_PASSWORD": PASSWORD,
        }
        with ProcessSet(folder, environment) as processes:
            processes.start_embedded(SCALE)
            processes.run("bootstrap", timeout=600)  # minutes, while others use the machine
            processes.wait_embedded()
            processes.start_web(free_port())
            for number in WORKERS:
                processes.start_worker(number, concurrency=2)
            processes.start_beat()
            processes.wait_ready(*AT_WORK, timeout=120)
            yield House(processes, broker, database)
