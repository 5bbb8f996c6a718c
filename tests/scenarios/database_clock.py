"""The database's clock, set by a test: SQLite's STRFTIME of "now" on every connection of this process.

It is the one clock by which StreamHub decides (`streamhub.clock`), so a test can be in another month. Only
SQLite lets a function be replaced; the services' tests on PostgreSQL shift stored times instead.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created


class DatabaseClock:
    """Goes on from where it is set, as fast as real time."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._own, self._lock = sqlite3.connect(":memory:", check_same_thread=False), threading.Lock()

    def set(self, moment: datetime) -> None:
        self._ahead = moment - datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def strftime(self, form: str, *time: str) -> Any:
        """SQLite's own function, with this clock's time for "now"."""
        now = self.now().strftime("%Y-%m-%d %H:%M:%S.%f")
        given = [form, *(now if str(part).lower() == "now" else part for part in time)]
        with self._lock:
            found = self._own.execute(f"SELECT STRFTIME({', '.join('?' * len(given))})", given)
            return found.fetchone()[0]

    def install(self, connection: Any, **_sender: Any) -> None:
        connection.connection.create_function("STRFTIME", -1, self.strftime)


_set: list[DatabaseClock] = []


def is_set() -> bool:
    """Whether a test has set the clock: what is stored now has times of its own."""
    return bool(_set)


@contextmanager
def database_clock() -> Iterator[DatabaseClock]:
    """Replace the clock of all connections, also of those that are opened meanwhile.

    Afterwards it shows the time: SQLite does not give its own function back.
    """
    clock = DatabaseClock()
    connection_created.connect(clock.install)
    for connection in connections.all():
        if connection.connection is not None:
            clock.install(connection)
    _set.append(clock)
    try:
        yield clock
    finally:
        _set.remove(clock)
        connection_created.disconnect(clock.install)
        clock.set(datetime.now(UTC))
