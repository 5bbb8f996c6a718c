"""Writing intent: the desired state of a row, and when to take its next step."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from streamhub.lifecycle import wake
from streamhub.lifecycle.locking import update_all
from streamhub.lifecycle.models import ManagedResource, Priority


def set_desired(
    row: ManagedResource, *, priority: Priority, desired: str | None = None, **fields: Any
) -> None:
    """Write `desired` (if given) and `fields`, make the row due now and wake it on commit.

    Increases `generation`, so that a step in progress can finish but cannot postpone the row.
    """
    if desired is not None:
        fields["desired"] = desired
    type(row)._default_manager.filter(pk=row.pk).update(
        generation=F("generation") + 1,
        not_before=Now(),
        priority=priority,
        queued_until=wake.queued_mark(),
        **fields,
    )
    row.refresh_from_db()
    wake.on_commit(type(row), [row.pk], priority)


def requeue(
    model: type[ManagedResource], pks: list[int], *, observe: bool = False, urgent: bool = False
) -> None:
    """Make rows due now without new intent. With `observe`, their next step describes them on AWS."""
    if not pks:
        return
    fields: dict[str, Any] = {"queued_until": wake.queued_mark()}
    if observe:
        fields["observe_requested"] = True
    if urgent:
        fields["priority"] = Priority.START
    update_all(model, pks, generation=F("generation") + 1, not_before=Now(), **fields)
    rows = model._default_manager.filter(pk__in=pks).values_list("pk", "priority")
    for priority in Priority:
        wake.on_commit(model, [pk for pk, row_priority in rows if row_priority == priority], priority)
