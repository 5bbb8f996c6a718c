"""State changes: the only place that writes `state`, by compare-and-swap, each with its `Transition`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.db import models, transaction
from django.db.models.functions import Now

from streamhub.access.actors import SYSTEM, Actor
from streamhub.contributions import contributed
from streamhub.errors import AwsError
from streamhub.lifecycle.models import ManagedResource, Transition

log = logging.getLogger(__name__)


def change(
    row: Any,
    to: str,
    *,
    why: str,
    who: Actor = SYSTEM,
    request_id: str | None = None,
    error: AwsError | str | None = None,
    condition: models.Q | None = None,
    **fields: Any,
) -> bool:
    """Move `row` from the state in which it was read to `to`. False if it has changed since.

    `fields` are written in the same UPDATE; `condition` narrows it, for example to the claim's token.
    Works for every model with `state`, `state_since` and `KIND`. On success `row` is refreshed.
    """
    unchanged = models.Q(pk=row.pk, state=row.state)
    if condition is not None:
        unchanged &= condition
    with transaction.atomic():
        changed = type(row)._default_manager.filter(unchanged).update(state=to, state_since=Now(), **fields)
        if changed:
            record(row, row.state, to, why=why, who=who, request_id=request_id, error=error)
    if not changed:
        return False
    log.info("%s %s: %s -> %s (%s)", row.KIND, row.pk, row.state, to, why)
    row.refresh_from_db()
    return True


def change_all(
    rows: models.QuerySet[Any, Any], to: str, *, why: str, who: Actor = SYSTEM, **fields: Any
) -> list[Any]:
    """`change` for all of the `rows` at once, in three queries. Returns those that it moved, as they were.

    The rows are locked in the order of their keys, and what no longer meets the query's conditions is left.
    """
    with transaction.atomic():
        locked = list(rows.order_by("pk").select_for_update(of=("self",)))
        pks = [row.pk for row in locked]
        rows.model._default_manager.filter(pk__in=pks).update(state=to, state_since=Now(), **fields)
        record_all(locked, to, who=who, why=why)
    for row in locked:
        log.info("%s %s: %s -> %s (%s)", row.KIND, row.pk, row.state, to, why)
    return locked


def record_all(rows: Sequence[Any], to: str, *, why: str, who: Actor = SYSTEM) -> None:
    """`record` for all of the `rows`, each from its state, in the caller's transaction."""
    transitions = Transition.objects.bulk_create(
        _transition(row, row.state, to, who=who, why=why, request_id=None, error=None) for row in rows
    )
    _announce(transitions)


def record(
    row: Any,
    from_state: str,
    to_state: str,
    *,
    why: str,
    who: Actor = SYSTEM,
    request_id: str | None = None,
    error: AwsError | str | None = None,
) -> None:
    """Write the `Transition` for a change that the caller makes in the same transaction."""
    transition = _transition(row, from_state, to_state, why=why, who=who, request_id=request_id, error=error)
    with transaction.atomic(savepoint=False):
        transition.save()
        _announce([transition])


def _announce(transitions: Sequence[Transition]) -> None:
    """Tell those who contribute `at_transition`, in the transaction of the change."""
    for tell in contributed("at_transition"):
        tell(transitions)


def _transition(
    row: Any,
    from_state: str,
    to_state: str,
    *,
    why: str,
    who: Actor,
    request_id: str | None,
    error: AwsError | str | None,
) -> Transition:
    return Transition(
        resource_type=row.KIND,
        resource_id=row.pk,
        resource_name=str(getattr(row, "name", ""))[:128],
        who=str(who),
        why=why,
        from_state=from_state,
        to_state=to_state,
        aws_request_id=request_id or getattr(error, "request_id", None) or "",
        error=str(error or ""),
    )


def said_last(row: ManagedResource, why: str) -> bool:
    """Whether the newest line of the timeline says this: a step that is repeated need not say it again."""
    lines = Transition.objects.filter(resource_type=row.KIND, resource_id=row.pk).order_by("-id")
    return lines.values_list("why", flat=True).first() == why


def record_created(row: ManagedResource, *, who: Actor, why: str) -> None:
    """Write the first transition of a row that the caller inserts in the same transaction."""
    record(row, "", row.state, who=who, why=why)
