"""The embedded process: AWS and broker in one process, with their addresses in a file; one per folder.

The file is written atomically when both answer, and removed at the end. The process also holds a lock on a
second file while it lives. Unlike a process id in a file, the lock is released even after a crash.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.broker import Broker, start_broker
from devstack.ports import free_port, usual_port
from emulator.server import EmbeddedAws

log = logging.getLogger(__name__)

CHECK_SECONDS = 0.3


class AlreadyServed(Exception):
    """Another process serves this folder."""


class BrokerDied(Exception):
    """The broker ended by itself, so this process must end too."""


@dataclass(frozen=True)
class Options:
    """What to serve. `addresses` is the file to write; a port of 0 means the folder's usual port."""

    addresses: Path
    scale: float
    aws_port: int = 0
    broker_port: int = 0
    region: str = "eu-central-1"
    buckets: tuple[str, ...] = ()
    parent: int | None = None
    # The MediaManager distribution that exists from the start: its id, recording bucket and media bucket.
    mediamanager: tuple[str, str, str] | None = None


def serve(options: Options, ready: Callable[[dict[str, Any]], None]) -> None:
    """Serve until SIGTERM or SIGINT, or until `parent` ends. Calls `ready` with the addresses.

    Raises AlreadyServed or BrokerDied.
    """
    folder = options.addresses.parent
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder / "embedded.lock"):
        broker = start_broker(folder, options.broker_port or usual_port(folder, "broker"))
        try:
            asyncio.run(_serve(options, broker, ready))
        finally:
            options.addresses.unlink(missing_ok=True)
            broker.stop()


async def _serve(options: Options, broker: Broker, ready: Callable[[dict[str, Any]], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    aws = EmbeddedAws(
        options.scale, region=options.region, buckets=options.buckets, mediamanager=options.mediamanager
    )
    port = options.aws_port or usual_port(options.addresses.parent, "aws")
    runner = await aws.start(free_port(port))
    addresses = {"aws_endpoint": aws.url, "broker_url": broker.url, "pid": os.getpid()}
    write_whole(options.addresses, json.dumps(addresses))
    ready({**addresses, "broker": broker.kind})
    try:
        await _wait(stopped, broker, options.parent)
    finally:
        aws.account.faults.release()
        await runner.cleanup()


async def _wait(stopped: asyncio.Event, broker: Broker, parent: int | None) -> None:
    while not stopped.is_set():
        if parent is not None and os.getppid() != parent:
            return
        if not broker.alive():
            raise BrokerDied("The embedded broker ended by itself.")
        try:
            await asyncio.wait_for(stopped.wait(), CHECK_SECONDS)
        except TimeoutError:
            continue


def write_whole(path: Path, text: str) -> None:
    """Write the file atomically: readers see all of it or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)


class _lock:
    """An exclusive lock on a file until the block or the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise AlreadyServed(
                f"An embedded AWS already serves {self._path.parent}. Use it, stop it, "
                "or choose another folder with STREAMHUB_VAR_DIR."
            ) from None

    def __exit__(self, *_about: object) -> None:
        self._file.close()
