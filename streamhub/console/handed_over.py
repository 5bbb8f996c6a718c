"""The alarm `handed_over`: a resource carries no mark of ours any more, so that a person must decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.errors import HANDED_OVER
from streamhub.lifecycle.models import ManagedResource

GENERAL_HINT = _(
    "Its page and its history say which. Put the mark back in AWS, or leave it to its new owner."
)


def url_of(row: Any, page: str, *more: str) -> str:
    """The address of a page of this object in the admin."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}"
    return reverse(name, args=[row.pk, *more])


Details = Callable[[Sequence[Any]], Mapping[int, dict[str, Any]]]


def alarms(model: type[ManagedResource], permission: str, details: Details = lambda rows: {}) -> AlarmSource:
    """The source of the rows of a model.

    `details(rows)`: by the row's id, what differs from a warning without a verb: columns of `Condition`. It
    makes a constant number of queries.
    """

    def conditions(rows: Sequence[Any]) -> list[Condition]:
        more = details(rows) if rows else {}
        return [_condition(row, more.get(row.pk, {})) for row in rows]

    def current() -> list[Condition]:
        rows = model._default_manager.filter(handed_over_at__isnull=False)
        return conditions(list(rows.order_by("handed_over_at")))

    def of_row(row: Any) -> list[Condition]:
        return conditions([row] if row.handed_over_at is not None else [])

    return AlarmSource(permission, current, of_row={model: of_row})


def _condition(row: Any, more: dict[str, Any]) -> Condition:
    shown = row.error_code == HANDED_OVER
    columns: dict[str, Any] = {
        "rule": HANDED_OVER,
        "severity": Severity.WARNING,
        "kind": row.KIND,
        "object_id": str(row.pk),
        "name": str(row),
        "url": url_of(row, "change"),
        "sentence": row.error_message
        if shown
        else gettext("%(row)s: a resource was handed over to others.") % {"row": row},
        "since": row.handed_over_at,
        "hint": row.error_hint if shown else GENERAL_HINT,
    }
    return Condition(**{**columns, **more})
