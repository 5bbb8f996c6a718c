"""StreamHub as in production: PostgreSQL, Redis, gunicorn, two times four workers, beat and all observers.

AWS is a process of its own that takes 50 ms for each call. Rates and periods are the defaults.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from devstack.demo.api import Api
from devstack.ports import free_port
from devstack.processes import AT_WORK, ProcessSet
from emulator.control import Control
from tests.scenarios.processes import postgres_database, redis_database

LATENCY = 0.05
SCOPES = (
    "channels:read",
    "channels:write",
    "breakouts:read",
    "breakouts:control",
    "distributions:read",
    "distributions:write",
)
# While rows are prepared, before anything is measured.
NO_LIMIT = "*:*=5000/5000"
# What the proxy says where TLS ends.
BEHIND_TLS = {"X-Forwarded-Proto": "https"}
CIDRS = ["203.0.113.0/24"]
WORKERS = (1, 2)
# What AWS allows in this account: more than any case needs.
ROOM = {
    "medialive": {"channels": 5000, "push_inputs": 5000, "pull_inputs": 5000},
    "mediapackage": {"channels": 5000},
    "cloudfront": {"distributions": 20_000},
}


class Stack:
    """A running StreamHub in live mode, its AWS, and a client of each."""

    def __init__(self, processes: ProcessSet, endpoint: str) -> None:
        self.processes, self.control, self.endpoint = processes, Control(endpoint), endpoint
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        token = processes.run("issue_token", "bench", *scopes).strip()
        self.api = Api(processes.web_url, token, headers=BEHIND_TLS)
        self.client = self.aws("cloudfront")

    def aws(self, service: str) -> Any:
        """A client of AWS that retries nothing."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1" if service == "cloudfront" else "eu-central-1",
            aws_access_key_id="bench",
            aws_secret_access_key="bench",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=16),
        )

    # --- AWS's pace ------------------------------------------------------------------------

    def at_once(self) -> None:
        """AWS finishes at once what begins from now on, and answers without delay."""
        self.control.clear_faults()
        self.control.scale(0.0)

    def as_in_production(self, scale: float = 1.0) -> None:
        """AWS takes its time, and 50 ms a call. `scale`: real seconds per AWS second."""
        self.control.scale(scale)
        self.control.fault("*", "delay", times=None, seconds=LATENCY)

    def accepted(self, name: str) -> int:
        """How many calls of this operation AWS has answered without an error."""
        counts = self.control.counts()
        errors = sum(n for error, n in counts["errors"].items() if error.startswith(f"{name} "))
        return int(counts["calls"].get(name, 0) - errors)

    # --- rows ------------------------------------------------------------------------------

    def create_channels(self, count: int, first: int = 0) -> list[str]:
        """Ask for channels at once, numbered from `first` up to `count`; their ids."""
        bodies = [{"name": f"stage {number}", "allowed_cidrs": CIDRS} for number in range(first, count)]
        with ThreadPoolExecutor(8) as threads:
            return [made["id"] for made in threads.map(lambda body: self.api.post("channels", body), bodies)]

    def prepare_channels(self, count: int, first: int = 0) -> list[str]:
        """Idle channels with deployed distributions, made by StreamHub itself, without rate limit or delay.

        `first`: how many of the `count` there are already.
        """
        self.at_once()
        self.restart({"AWS_RATES": NO_LIMIT})
        ids = self.create_channels(count, first)
        self.wait(lambda: self.ready() == count, f"{count} channels are ready", 900)
        self.restart({"AWS_RATES": ""})
        self.as_in_production()
        return ids

    def ready(self) -> int:
        """How many channels are idle with a deployed distribution."""
        return sum(is_ready(channel) for channel in self.all("channels"))

    def all(self, what: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        address = f"{what}?limit=200"
        while address:
            page = self.api.get(address)
            items += page["items"]
            address = (page["next"] or "").partition("/api/v1/")[2]
        return items

    # --- processes -------------------------------------------------------------------------

    def restart(self, environment: dict[str, str]) -> None:
        """Restart all processes of StreamHub with these variables."""
        self.processes.stop("beat", "web", *(f"worker-{number}" for number in WORKERS))
        self.processes.environment |= environment
        start(self.processes)

    def wait(self, until: Callable[[], bool], what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                raise SystemExit(f"Timeout after {seconds:.0f} s; waited until {what}.")
            time.sleep(0.5)


def is_ready(channel: dict[str, Any]) -> bool:
    distribution = channel["distribution"]
    return bool(channel["state"] == "idle" and distribution and distribution["state"] == "deployed")


def seconds_of(entry: dict[str, Any]) -> float:
    """When AWS logged the call, in seconds."""
    return datetime.fromisoformat(entry["time"]).timestamp()


def start(processes: ProcessSet) -> None:
    """Start web, workers and beat, and wait until they are at work."""
    processes.start_web(processes.port or free_port())
    for number in WORKERS:
        processes.start_worker(number)
    processes.start_beat()
    processes.wait_ready(*AT_WORK, timeout=120)


@contextmanager
def running(environment: dict[str, str]) -> Iterator[tuple[ProcessSet, str]]:
    """A started StreamHub without a row and the address of its AWS; stopped afterwards."""
    with (
        postgres_database() as database,
        redis_database() as broker,
        tempfile.TemporaryDirectory(prefix="streamhub-bench-") as folder,
        ProcessSet(Path(folder), {}) as processes,
    ):
        emulator = processes.start("embedded", "-m", "emulator", "--scale", "0", "--bucket", "recordings")
        processes.wait(lambda: "answers at" in emulator.log.read_text(), "AWS answers", 30)
        (endpoint,) = re.findall(r"answers at (\S+)", emulator.log.read_text())
        processes.environment |= {
            "STREAMHUB_AWS": "live",
            "SECRET_KEY": "bench-0123456789-0123456789-0123456789-0123456789-xyz",
            "ALLOWED_HOSTS": "127.0.0.1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_REGION": "eu-central-1",
            "MEDIALIVE_ROLE_ARN": "arn:aws:iam::111122223333:role/MediaLive",
            "RECORDING_BUCKET": "recordings",
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": broker,
            "LOG_LEVEL": "WARNING",
            **environment,
        }
        for service, quotas in ROOM.items():
            Control(endpoint).console(service, "set_quota", **quotas)
        processes.run("bootstrap")
        start(processes)
        yield processes, endpoint
