"""The database's clock: the one clock of all hosts.

Times that decide something come from here or from `Now()` in SQL. A host's own clock may be wrong, and two
hosts' clocks differ. `tests/test_clocks.py` holds the product to this.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, models
from django.db.models.functions import Coalesce, Greatest, Now


def database_now() -> datetime:
    """The time by the database's clock, aware, in UTC. One query."""
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
