"""How long a statement may wait for a lock, on both databases.

SQLite has one lock, taken at BEGIN, and the timeout belongs to the connection. PostgreSQL has many locks,
and the timeout belongs to the transaction. On both, `timed_out` recognises the `OperationalError`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's error code when lock_timeout runs out


@contextmanager
def begin_wait(seconds: float) -> Iterator[None]:
    """Limit the wait for SQLite's write lock. No effect on PostgreSQL, where BEGIN never waits."""
    if connection.vendor != "sqlite":
        yield
        return
    previous = _busy_timeout()
    _busy_timeout(round(seconds * 1000))
    try:
        yield
    finally:
        _busy_timeout(previous)


@contextmanager
def lock_wait(seconds: float) -> Iterator[None]:
    """Limit each wait for a lock in the current PostgreSQL transaction. No effect on SQLite.

    After an error the transaction or its savepoint is rolled back, and the setting with it.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(round(seconds * 1000))])
        yield
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def timed_out(error: OperationalError) -> bool:
    """Whether this error means that another transaction held the lock for too long."""
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
        return True
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _busy_timeout(milliseconds: int | None = None) -> int:
    setting = "" if milliseconds is None else f" = {milliseconds}"
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout{setting}")
        return int(cursor.fetchone()[0])
