"""Ports on this machine: a wished one if it is free, else any."""

from __future__ import annotations

import socket
import zlib
from pathlib import Path

HOST = "127.0.0.1"

# Below the range from which Linux gives out ports by itself.
_FIRST, _COUNT = 20_000, 10_000


def is_free(port: int, host: str = HOST) -> bool:
    """Whether one could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(wished: int = 0, host: str = HOST) -> int:
    """The wished port if it is free, else one that the system chooses."""
    if wished and is_free(wished, host):
        return wished
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def usual_port(folder: Path, what: str) -> int:
    """The same port for the same folder each time, so that clients find a restarted process again."""
    return _FIRST + zlib.crc32(f"{folder.resolve()}|{what}".encode()) % _COUNT
