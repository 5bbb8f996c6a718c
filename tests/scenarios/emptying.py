"""Emptying a test database. The product's append-only tables refuse it otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.backends.base.operations import BaseDatabaseOperations

from streamhub.append_only import retention


@contextmanager
def allowed() -> Iterator[None]:
    """Inside this context Django's `flush`, with which tests end, may empty every table."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def within_retention(self: Any, statements: list[str]) -> None:
        with retention():
            flush(self, statements)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", within_retention)
        yield
