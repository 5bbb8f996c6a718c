"""The end of a connection whose answer is sent: what still comes is thrown away for a while, by no thread.

Closing a connection on which something has come that nobody read makes the system reset it, and the client
may lose its answer (RFC 9112, 9.6): a body that is too large, or sent without a token, would look like a
network failure. gunicorn waits two seconds for the client's own end, in the thread that serves all others.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_READ, BaseSelector

# A connection is closed after this time, or when so much has come.
LINGER_SECONDS = 10.0
MOST_BYTES = 64 * 1024 * 1024
_PIECE = 64 * 1024


@dataclass(eq=False)
class _Ending:
    connection: socket.socket
    closed: Callable[[], None]
    until: float
    left: int


class Lingering:
    """The ending connections of one process. Everything runs in the thread that calls `poller.select()`."""

    def __init__(self, poller: BaseSelector, most_bytes: int = MOST_BYTES) -> None:
        self._poller = poller
        self._most_bytes = most_bytes
        self._ending: deque[_Ending] = deque()

    def add(self, connection: socket.socket, closed: Callable[[], None], seconds: float) -> None:
        """Say that nothing more follows, and wait for the client's end; `closed` is called after it."""
        ending = _Ending(connection, closed, time.monotonic() + seconds, self._most_bytes)
        try:
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # the client is gone, or gunicorn has closed the connection after an error
            self._close(ending)
            return
        self._ending.append(ending)
        self._poller.register(connection, EVENT_READ, partial(self._discard, ending))

    def end_by(self, moment: float) -> None:
        """Let none of them last beyond this moment of the monotonic clock."""
        for ending in self._ending:
            ending.until = min(ending.until, moment)

    def end_late(self) -> None:
        """Close those whose time is over."""
        now = time.monotonic()
        while self._ending and self._ending[0].until <= now:
            self._end(self._ending[0])

    def _discard(self, ending: _Ending, _connection: object) -> None:
        try:
            data = ending.connection.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:  # reset by the client
            data = b""
        ending.left -= len(data)
        if not data or ending.left <= 0:
            self._end(ending)

    def _end(self, ending: _Ending) -> None:
        self._ending.remove(ending)
        self._poller.unregister(ending.connection)
        self._close(ending)

    def _close(self, ending: _Ending) -> None:
        ending.connection.close()
        ending.closed()
