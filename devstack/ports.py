"""Ports on this machine: the preferred one if it is free, else any."""

from __future__ import annotations

import socket
import zlib
from pathlib import Path

HOST = "127.0.0.1"

# Below the range of Linux's ephemeral ports.
_FIRST, _COUNT = 20_000, 10_000


def is_free(port: int, host: str = HOST) -> bool:
    """Whether the port can be listened on now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(preferred: int = 0, host: str = HOST) -> int:
    """The preferred port if it is free, else one that the system chooses."""
    if preferred and is_free(preferred, host):
        return preferred
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def usual_port(folder: Path, service: str) -> int:
    """The same port for the same folder and service each time, so that clients find a restarted process."""
    return _FIRST + zlib.crc32(f"{folder.resolve()}|{service}".encode()) % _COUNT
