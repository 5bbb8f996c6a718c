"""Who may do what: three groups, each verb one permission. Superusers may do everything.

viewer looks; operator runs the day; engineer also keeps the house. What that means for its own objects
each app declares as `roles` (see `streamhub.contributions`). Nobody but a superuser makes users: who may
edit users could make oneself one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamhub.access.roles import ENGINEER, OPERATOR, VIEWER, seed_groups
from streamhub.contributions import contributed

# Each may do what those before it may.
ROLES = (VIEWER, OPERATOR, ENGINEER)


@dataclass(frozen=True)
class Grant:
    """Permissions ("app.codename") of a role, and so of all roles above it."""

    role: str
    permissions: Sequence[str]


def table() -> dict[str, list[str]]:
    """Every role with all its permissions."""
    return {role: _permissions(ROLES[: number + 1]) for number, role in enumerate(ROLES)}


def _permissions(roles: Sequence[str]) -> list[str]:
    grants: list[Grant] = [grant for grant in contributed("roles") if grant.role in roles]
    return sorted({permission for grant in grants for permission in grant.permissions})


def seed() -> list[str]:
    """Give the three groups exactly these permissions; may run at every deploy. The groups' names."""
    seed_groups(table())
    return list(ROLES)
