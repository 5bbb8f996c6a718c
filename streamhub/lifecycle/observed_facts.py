"""Writes what AWS showed of many rows, with the same few queries for ten rows as for a thousand.

Only rows that differ are locked and written. A step's own reading wins: a row that it holds, or that it has
read since ours began, is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Cast

from streamhub.lifecycle import intent
from streamhub.lifecycle.claim import FREE
from streamhub.lifecycle.models import ManagedResource

Columns = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """One reading of AWS for rows of a model, which began at `began`.

    `facts(row)`: the columns that it determines for a row; none if it says nothing about it. `read_at`: the
    column with the time at which a row was last read for these facts.
    """

    model: type[ManagedResource]
    facts: Callable[[Any], Columns]
    began: datetime
    read_at: str = "observed_at"

    def write(self, rows: Iterable[Any]) -> list[int]:
        """Write what differs, let those rows decide again, and return their keys.

        A row that a step holds may have been read by it before the change: its next step reads again.
        """
        differing = [row.pk for row in rows if self._changes(row)]
        if not differing:
            return []
        with transaction.atomic():
            locked = [row for row in self._lock(differing) if self._changes(row)]
            changed = [row for row in locked if row.is_free]
            update_each(self.model, {row.pk: {**self._changes(row), **self._times(row)} for row in changed})
            pks = [row.pk for row in changed]
            intent.requeue(self.model, pks)
            intent.requeue(self.model, [row.pk for row in locked if not row.is_free], observe=True)
        return pks

    def confirm(self, pk: int) -> None:
        """Write that the row was read and nothing differed."""
        times = dict.fromkeys((self.read_at, "observed_at"), self.began)
        self.model._default_manager.filter(self._older(), FREE, pk=pk).update(**times)

    def _changes(self, row: Any) -> Columns:
        return {name: value for name, value in self.facts(row).items() if getattr(row, name) != value}

    def _lock(self, pks: list[int]) -> models.QuerySet[Any, Any]:
        """The rows that were last read before this reading, as they are now, locked in the order of keys."""
        rows = self.model._default_manager.filter(self._older(), pk__in=pks)
        rows = rows.annotate(is_free=Case(When(FREE, then=Value(True)), default=Value(False)))
        return rows.order_by("pk").select_for_update(of=("self",))

    def _older(self) -> Q:
        return Q(**{f"{self.read_at}__isnull": True}) | Q(**{f"{self.read_at}__lt": self.began})

    def _times(self, row: Any) -> Columns:
        observed_at = max(filter(None, (row.observed_at, self.began)))
        return {"observed_at": observed_at, self.read_at: self.began}


def update_each(model: type[models.Model], new: Mapping[int, Columns]) -> None:
    """Write to many rows, each its own columns and values, in one query. The caller has locked them."""
    values: dict[str, dict[int, Any]] = {}
    for pk, columns in new.items():
        for column, value in columns.items():
            values.setdefault(column, {})[pk] = value
    if values:
        cases = {column: _case(model, column, by_key) for column, by_key in values.items()}
        model._default_manager.filter(pk__in=list(new)).update(**cases)


def _case(model: type[models.Model], column: str, values: Mapping[int, Any]) -> Case | Cast:
    """The value of a column by key, for others as it stands. Keys with the same value share one branch."""
    field: models.Field[Any, Any] = model._meta.get_field(column)  # type: ignore[assignment]
    branches: dict[str, tuple[Any, list[int]]] = {}
    for pk, value in values.items():
        branches.setdefault(repr(value), (value, []))[1].append(pk)
    whens = [When(pk__in=pks, then=Value(value, output_field=field)) for value, pks in branches.values()]
    case = Case(*whens, default=F(column), output_field=field)
    return Cast(case, output_field=field) if connection.features.requires_casted_case_in_updates else case
