"""The rows before or after a row in an order by one column and the id, without reading those in between.

Each group of rows is a query of its own, because an index on the column and the id answers it as a range: the
rows with the same value, those with values beyond it, and those without a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import connections
from django.db.models import Q, QuerySet


@dataclass(frozen=True)
class Order:
    """Rows by a column, then by their id, in one direction. `column` "": by the id alone."""

    column: str
    descending: bool

    @property
    def names(self) -> list[str]:
        sign = "-" if self.descending else ""
        return [f"{sign}{name}" for name in (self.column, "pk") if name]


def order_of(rows: Any) -> Order | None:
    """The order of the query, or None if it is no order by one column of the table and the id."""
    ordered_by = rows.query.order_by if isinstance(rows, QuerySet) else ()
    names = [name for name in ordered_by if isinstance(name, str)]
    if not 1 <= len(names) <= 2 or len(names) < len(ordered_by):
        return None
    bare = [name.removeprefix("-") for name in names]
    columns = {field.name for field in rows.model._meta.concrete_fields}
    if len({name.startswith("-") for name in names}) > 1 or bare[-1] not in ("pk", rows.model._meta.pk.name):
        return None
    column = bare[0] if len(bare) == 2 else ""
    return Order(column, names[0].startswith("-")) if not column or column in columns else None


def rows_after(rows: QuerySet[Any], order: Order, row: Any, count: int) -> list[Any]:
    """At most so many rows that follow `row`, in this order."""
    found: list[Any] = []
    for group in _groups(rows, order, row):
        if len(found) < count:
            found += rows.filter(group).order_by(*order.names)[: count - len(found)]
    return found


def rows_before(rows: QuerySet[Any], order: Order, row: Any, count: int) -> list[Any]:
    """At most so many rows that come before `row`, in this order."""
    return rows_after(rows, replace(order, descending=not order.descending), row, count)[::-1]


def _groups(rows: QuerySet[Any], order: Order, row: Any) -> Iterator[Q]:
    """What follows the row, group by group."""
    beyond = "lt" if order.descending else "gt"
    later_id = Q(**{f"pk__{beyond}": row.pk})
    if not order.column:
        yield later_id
        return
    value, missing = getattr(row, order.column), Q(**{f"{order.column}__isnull": True})
    # PostgreSQL takes what has no value for the greatest, SQLite for the smallest.
    missing_first = order.descending == (connections[rows.db].vendor == "postgresql")
    if value is None:
        yield missing & later_id
        if missing_first:
            yield ~missing
        return
    yield Q(**{order.column: value}) & later_id
    yield Q(**{f"{order.column}__{beyond}": value})
    if not missing_first and rows.model._meta.get_field(order.column).null:
        yield missing
