"""Roles: three groups, and one permission for each verb. Superusers may do everything.

A viewer sees everything, an operator runs shows, an engineer also maintains the installation. Each app
declares the permissions for its own objects as `roles` (see `streamhub.contributions`). Only superusers
manage users: anyone who can edit users could make themselves a superuser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamhub.access.roles import ENGINEER, OPERATOR, VIEWER, seed_groups
from streamhub.contributions import contributed

# Each role includes the permissions of the roles before it.
ROLES = (VIEWER, OPERATOR, ENGINEER)


@dataclass(frozen=True)
class Grant:
    """Permissions ("app.codename") of a role and of all roles above it."""

    role: str
    permissions: Sequence[str]


def table() -> dict[str, list[str]]:
    """All permissions of each role."""
    return {role: _permissions(ROLES[: number + 1]) for number, role in enumerate(ROLES)}


def _permissions(roles: Sequence[str]) -> list[str]:
    grants: list[Grant] = [grant for grant in contributed("roles") if grant.role in roles]
    return sorted({permission for grant in grants for permission in grant.permissions})


def seed() -> list[str]:
    """Give the three groups exactly these permissions; runs at every deploy. Returns the groups' names."""
    seed_groups(table())
    return list(ROLES)
