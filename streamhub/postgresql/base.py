"""The backend. Django looks for `DatabaseWrapper` in a module of this name."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property

from streamhub.postgresql.outages import loses_session


class DatabaseWrapper(base.DatabaseWrapper):
    """Drops a session after an error that says it leads to the wrong server.

    Outside of a transaction it is dropped at once, so that the next query opens a new one; else at its end.
    """

    session_lost = False

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return _Errors(self)

    def connect(self) -> None:
        self.session_lost = False
        super().connect()

    def lose_session(self) -> None:
        self.session_lost = True
        if not self.in_atomic_block:
            self.close()

    def set_autocommit(self, autocommit: bool, *args: Any, **kwargs: Any) -> None:
        super().set_autocommit(autocommit, *args, **kwargs)
        if autocommit and self.session_lost:
            self.close()

    def is_usable(self) -> bool:
        """Whether the session answers and can write. Django asks at the start of each request."""
        if self.connection is None or self.session_lost:
            return False
        try:
            with self.connection.cursor() as cursor:
                row = cursor.execute("SHOW transaction_read_only").fetchone()
        except self.Database.Error:
            return False
        return row == ("off",)


class _Errors(DatabaseErrorWrapper):
    """Translates psycopg's errors as Django does, and drops the session if the error says so."""

    wrapper: DatabaseWrapper

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_value is not None and (loses_session(exc_value) or self._closed()):
            self.wrapper.lose_session()
        super().__exit__(exc_type, exc_value, traceback)

    def _closed(self) -> bool:
        return self.wrapper.connection is not None and bool(self.wrapper.connection.closed)
