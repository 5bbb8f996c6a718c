"""The columns of a row as the audit stores them: readable, and without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Model, QuerySet

Values = dict[str, Any]

HIDDEN = "(hidden)"
# Columns whose content is never stored, only that it changed.
_SECRET = re.compile(r"password|secret|sha256|private")
# Columns that follow from others, or from what AWS answered.
_DERIVED = re.compile(
    r"state_since|priority|usage_.*|error_.*|last_login|last_run_at|total_run_count|date_changed"
)
_URL = re.compile(r"(?P<host>[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?(?P<name>[^/?#\s]*))[^\s]*", re.IGNORECASE)


def snapshot(row: Model) -> Values:
    """The columns that people and services set, by name, and the names in its many-to-many columns."""
    values = {
        field.name: _plain(field.name, field.value_from_object(row))
        for field in row._meta.concrete_fields
        if field.editable and not field.primary_key and not _DERIVED.fullmatch(field.name)
    }
    for many in row._meta.many_to_many:
        values[many.name] = names(getattr(row, many.name).all())
    return values


def names(rows: QuerySet[Any]) -> list[str]:
    """The names of the rows, sorted; of permissions their codenames."""
    if issubclass(rows.model, Permission):
        return sorted(rows.order_by().values_list("codename", flat=True))
    return sorted(str(row) for row in rows)


def difference(before: Values, after: Values) -> tuple[Values, Values]:
    """The part of both that differs. A secret that changed is hidden in both."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return _part(before, names), _part(after, names)


def created(after: Values) -> Values:
    """What is set of a new row."""
    return _hidden({name: value for name, value in after.items() if value not in (None, "", [], {})})


def _part(values: Values, names: list[str]) -> Values:
    return _hidden({name: values[name] for name in names if name in values})


def _hidden(values: Values) -> Values:
    return {name: HIDDEN if _SECRET.search(name) and value else value for name, value in values.items()}


def _plain(name: str, value: Any) -> Any:
    """A value that JSON has. Of URLs only the host: path and query may hold a stream's key."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return value if _SECRET.search(name) else only_hosts(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(str(key), part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(name, part) for part in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def only_hosts(text: str) -> str:
    """The text, with "…" for what follows the host in its URLs."""
    return _URL.sub(_host, text)


def _host(match: re.Match[str]) -> str:
    scheme = match["host"].partition("://")[0]
    return f"{scheme}://{match['name']}/…"
