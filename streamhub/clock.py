"""The database's clock: the one clock of all hosts.

Times that decide something come from here or from `Now()` in SQL. A host's own clock may be wrong, and two
hosts' clocks differ. `tests/test_clocks.py` holds the product to this.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.db import connection, models
from django.db.models.functions import Coalesce, Greatest, Now

_moment: ContextVar[list[datetime] | None] = ContextVar("streamhub_moment", default=None)


@contextmanager
def one_moment() -> Iterator[None]:
    """Inside this context `database_now` is one moment, asked once: for what only reads.

    Within another such context it is that one's moment.
    """
    kept = _moment.get()
    token = _moment.set([] if kept is None else kept)
    try:
        yield
    finally:
        _moment.reset(token)


def database_now() -> datetime:
    """The time by the database's clock, aware, in UTC. One query; in `one_moment` one in all."""
    kept = _moment.get()
    if kept is None:
        return _asked()
    if not kept:
        kept.append(_asked())
    return kept[0]


def _asked() -> datetime:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT STRFTIME('%Y-%m-%d %H:%M:%f', 'now')")
            text = cursor.fetchone()[0]
            return datetime.fromisoformat(text + "+00:00")
        cursor.execute("SELECT STATEMENT_TIMESTAMP()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def from_now(span: timedelta) -> models.ExpressionWrapper:
    """The time `span` from now, or before now if it is negative, for a query."""
    return models.ExpressionWrapper(
        Now() + models.Value(span, output_field=models.DurationField()),
        output_field=models.DateTimeField(),
    )


def end_of(start: str) -> Greatest:
    """Now, but not before the column `start`, if that is set: what to write as the end of an interval.

    The database's clock goes back when it is corrected or when another server takes over. The end of a show
    must not fail on that.
    """
    return Greatest(Now(), Coalesce(models.F(start), Now()))


def interval_constraint(start: str, end: str, *, name: str) -> models.CheckConstraint:
    """The constraint that an interval, once it has both columns, does not end before it starts."""
    not_both = models.Q(**{f"{start}__isnull": True}) | models.Q(**{f"{end}__isnull": True})
    in_order = models.Q(**{f"{end}__gte": models.F(start)})
    return models.CheckConstraint(condition=not_both | in_order, name=name)
