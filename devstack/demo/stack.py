"""The demo's own StreamHub: an empty folder, a new database, and all processes."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from devstack.ports import free_port
from devstack.processes import ProcessSet

# Real seconds per AWS second: CloudFront's 150 to 400 seconds become 4.5 to 12.
SCALE = 0.03
PREFERRED_PORT = 8000
MAX_DEMOS = 50

SCOPES = (
    "channels:read",
    "channels:write",
    "breakouts:read",
    "breakouts:control",
    "distributions:read",
    "distributions:write",
    "usage:read",
)
_PERIODS = {
    "SWEEP_SECONDS": "1",
    "OBSERVE_SECONDS": "1",
    "REAPER_SECONDS": "3",
    "FULL_OBSERVE_SECONDS": "6",
    "METRICS_SECONDS": "2",
    # Longer than the delay of the demo's CloudWatch, so that final figures are correct.
    "METRICS_FINAL_AFTER_SECONDS": "10",
    "USAGE_TAIL_SECONDS": "5",
}


class NoFolder(Exception):
    """All folders for demos are in use."""


class DemoStack:
    """All processes of one demo: `prepare` and `start` start them in order, `stop` ends them."""

    def __init__(self, var: Path) -> None:
        self.folder, self._lock = _take_folder(var)
        self.password = secrets.token_urlsafe(9)
        self.token = ""
        self.processes = ProcessSet(self.folder, self._environment(), keep_open=(self._lock,))

    def _environment(self) -> dict[str, str]:
        return {
            "STREAMHUB_AWS": "embedded",
            "STREAMHUB_ENVIRONMENT": "demo",
            "DATABASE_URL": f"sqlite:///{self.folder / 'streamhub.sqlite3'}",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ADMIN_PASSWORD": self.password,
            "RECORDING_BUCKET": "streamhub-demo-recordings",
            "MEDIA_BUCKET": "streamhub-demo-media",
            **_PERIODS,
        }

    @property
    def url(self) -> str:
        return self.processes.web_url

    @property
    def aws_url(self) -> str:
        return (self.processes.addresses() or {})["aws_endpoint"]

    def prepare(self) -> None:
        """Start the embedded process, and meanwhile create the database and a token."""
        self.processes.start_embedded(SCALE)
        self.processes.run("bootstrap")
        scopes = [argument for scope in SCOPES for argument in ("--scope", scope)]
        self.token = self.processes.run("issue_token", "demo", *scopes).strip()
        self.processes.wait_embedded()

    def start(self) -> None:
        """Start web, worker and beat; returns when web is ready and knows the worker."""
        self.processes.start_web(free_port(PREFERRED_PORT))
        self.processes.start_worker(concurrency=4)
        self.processes.start_beat()
        self.processes.wait_ready("database", "broker", "worker")

    def stop(self) -> None:
        self.processes.stop_all()
        os.close(self._lock)


def _take_folder(var: Path) -> tuple[Path, int]:
    """An emptied folder (`demo`, or `demo-2` and so on while others are in use) and its lock.

    The demo's processes inherit the lock, so a folder is free only when the last of them has ended.
    """
    var.mkdir(parents=True, exist_ok=True)
    for number in range(1, MAX_DEMOS + 1):
        folder = var / ("demo" if number == 1 else f"demo-{number}")
        lock = os.open(folder.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
        folder.mkdir()
        return folder, lock
    raise NoFolder(f"{MAX_DEMOS} demos are already running in {var}. Stop one of them.")
