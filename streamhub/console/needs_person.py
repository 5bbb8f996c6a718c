"""The alarm `needs_person`: AWS refuses the next step of a row until a person has acted in AWS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.console.handed_over import url_of
from streamhub.lifecycle.models import ManagedResource

RULE = "needs_person"


def alarms(
    model: type[ManagedResource],
    permission: str,
    retry: str,
    told_elsewhere: Callable[[Sequence[Any]], set[int]] = lambda rows: set(),
) -> AlarmSource:
    """The source of the rows of a model, on whose own pages the error stands in full already.

    `retry`: the permission of its verb Retry ("": it has none). `told_elsewhere(rows)`:
    the ids of those that another alarm tells of already, with a constant number of queries.
    """

    def conditions(rows: Sequence[Any]) -> list[Condition]:
        told = told_elsewhere(rows) if rows else set()
        return [_condition(row, retry) for row in rows if row.pk not in told]

    def current() -> list[Condition]:
        rows = model._default_manager.filter(person_needed_at__isnull=False)
        return conditions(list(rows.order_by("person_needed_at")))

    return AlarmSource(permission, current)


def _condition(row: Any, retry: str) -> Condition:
    return Condition(
        rule=RULE,
        severity=Severity.WARNING,
        kind=row.KIND,
        object_id=str(row.pk),
        name=str(row),
        url=url_of(row, "change"),
        sentence=_("%(row)s waits for a person: %(error_message)s")
        % {"row": row, "error_message": row.error_message},
        since=row.person_needed_at,
        hint=row.error_hint,
        aws_error=f"{row.error_code} ({row.error_operation})" if row.error_operation else "",
        action=_("Retry") if retry else "",
        action_url=url_of(row, "do", "retry") if retry else "",
        permission=retry,
    )
