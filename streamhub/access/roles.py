"""The three groups of staff. The apps define their permissions (see `console.roles`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import Group, Permission
from django.db import transaction

VIEWER = "viewer"
OPERATOR = "operator"
ENGINEER = "engineer"


@transaction.atomic
def seed_groups(table: Mapping[str, Iterable[str]]) -> None:
    """Give each group exactly the permissions ("app.codename") that the table lists for it.

    Seeding can be repeated and overwrites staff's changes to these groups; for other combinations staff
    make their own groups. Raises ValueError with the permissions that do not exist.
    """
    existing = _permissions()
    wanted = {group: set(codenames) for group, codenames in table.items()}
    if unknown := sorted(set().union(*wanted.values()) - existing.keys()):
        raise ValueError(f"No such permissions: {', '.join(unknown)}")
    for name, codenames in wanted.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(existing[codename] for codename in codenames)


def _permissions() -> dict[str, Permission]:
    rows = Permission.objects.select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
