"""Writing many rows at once without getting in each other's way."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction

from streamhub.lifecycle.models import ManagedResource


def update_in_order(rows: models.QuerySet[Any, Any], pks: list[int], **fields: Any) -> int:
    """Update those of `rows` whose keys are in `pks`; how many.

    They are locked in the order of their keys first: two bulk updates that meet would otherwise lock
    each other's rows, and PostgreSQL ends one of them as a deadlock. (SQLite has one writer anyway.)
    """
    if not pks:
        return 0
    with transaction.atomic():
        own = rows.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",))
        return rows.filter(pk__in=list(own.values_list("pk", flat=True))).update(**fields)


def update_all(model: type[ManagedResource], pks: list[int], **fields: Any) -> int:
    """`update_in_order` on all rows of a model."""
    return update_in_order(model._default_manager.all(), pks, **fields)
