"""Bulk updates that cannot deadlock with each other."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction

from streamhub.lifecycle.models import ManagedResource


def update_in_order(rows: models.QuerySet[Any, Any], pks: list[int], **fields: Any) -> int:
    """Update the `rows` whose keys are in `pks`, and return how many.

    Locks them in the order of their keys first. Otherwise two bulk updates may each wait for a row of the
    other, and PostgreSQL ends one of them as a deadlock. (SQLite has only one writer.)
    """
    if not pks:
        return 0
    with transaction.atomic(savepoint=False):
        locked = rows.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",))
        return rows.filter(pk__in=list(locked.values_list("pk", flat=True))).update(**fields)


def update_all(model: type[ManagedResource], pks: list[int], **fields: Any) -> int:
    """`update_in_order` for a model."""
    return update_in_order(model._default_manager.all(), pks, **fields)
