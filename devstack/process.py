"""The embedded process: AWS and broker in one, their addresses in a file, one of it per folder.

The file is written in one piece once both answer, and removed at the end. A lock on a second file,
held as long as the process lives, says whether somebody serves the folder already: unlike a process
id in a file it is true even after a crash.
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

WATCH_SECONDS = 0.3


class AlreadyServed(Exception):
    """Another living process serves this folder."""


class BrokerDied(Exception):
    """The broker ended by itself: this process is of no use any more."""


@dataclass(frozen=True)
class Options:
    """What to serve: `addresses` is the file to write, ports of 0 mean the folder's usual ones."""

    addresses: Path
    scale: float
    aws_port: int = 0
    broker_port: int = 0
    region: str = "eu-central-1"
    buckets: tuple[str, ...] = ()
    parent: int | None = None
    # The shared distribution that this AWS has from the start: its id, recording and media bucket.
    mediamanager: tuple[str, str, str] | None = None


def serve(options: Options, ready: Callable[[dict[str, Any]], None]) -> None:
    """Serve until SIGTERM or SIGINT, or until `parent` is gone. `ready` is told the addresses.

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
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    aws = EmbeddedAws(
        options.scale, region=options.region, buckets=options.buckets, mediamanager=options.mediamanager
    )
    wished = options.aws_port or usual_port(options.addresses.parent, "aws")
    runner = await aws.start(free_port(wished))
    addresses = {"aws_endpoint": aws.url, "broker_url": broker.url, "pid": os.getpid()}
    write_whole(options.addresses, json.dumps(addresses))
    ready({**addresses, "broker": broker.kind})
    try:
        await _until(over, broker, options.parent)
    finally:
        aws.account.faults.release()
        await runner.cleanup()


async def _until(over: asyncio.Event, broker: Broker, parent: int | None) -> None:
    while not over.is_set():
        if parent is not None and os.getppid() != parent:
            return
        if not broker.alive():
            raise BrokerDied("The embedded broker ended by itself.")
        try:
            await asyncio.wait_for(over.wait(), WATCH_SECONDS)
        except TimeoutError:
            continue


def write_whole(path: Path, text: str) -> None:
    """Who reads the file sees all of it or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)


class _lock:
    """An exclusive lock on a file until the block, or the process, ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise AlreadyServed(
                f"An embedded AWS serves {self._path.parent} already: use it, stop it, "
                "or choose another folder with STREAMHUB_VAR_DIR."
            ) from None

    def __exit__(self, *_about: object) -> None:
        self._file.close()
