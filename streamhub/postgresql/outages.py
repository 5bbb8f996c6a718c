"""What a database error means for the session and for the caller.

The codes are from "Appendix A. PostgreSQL Error Codes".
"""

from __future__ import annotations

import sqlite3

from django.db import Error, InterfaceError, OperationalError

# The session leads to a server that is of no use: 08 (the connection failed), 57P01 to 57P03 (it shuts down,
# crashed or starts), 57P05 (it ended an idle session), 25006 (it can only be read), 40001 (our transactions
# are READ COMMITTED, so only a reader raises it: it ended a query in favour of the writer's changes).
_READER = "25006"
_SESSION_LOST = ("08", "57P01", "57P02", "57P03", "57P05", "40001", _READER)
# The server has no resources left for now, such as connections.
_EXHAUSTED = ("53",)


def loses_session(error: BaseException) -> bool:
    """Whether psycopg's error says that another session must be opened."""
    return (getattr(error, "sqlstate", None) or "").startswith(_SESSION_LOST)


def cannot_write(error: BaseException) -> bool:
    """Whether Django's error says that the database can only be read."""
    return getattr(error.__cause__, "sqlstate", None) == _READER


def unavailable(error: BaseException) -> bool:
    """Whether Django's error means that the database cannot be used for now, so the work can be repeated.

    PostgreSQL: an error of the codes above, or no connection at all (no code). SQLite: locked for longer than
    the timeout.
    """
    if not isinstance(error, Error):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    state = getattr(cause, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError | InterfaceError)
    return bool(state.startswith((*_SESSION_LOST, *_EXHAUSTED)))
