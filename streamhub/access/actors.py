"""Who asks: a person of the staff, a service of the house, or StreamHub itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from streamhub.access.models import ApiToken


@dataclass(frozen=True)
class Actor:
    """Who asks for a verb. `str(actor)` is what the audit rows say under *who*."""

    kind: Literal["staff", "service", "system"]
    name: str
    user: User | None = None
    token: ApiToken | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def staff_actor(user: User) -> Actor:
    """The person who is logged in to the admin."""
    return Actor("staff", user.get_username(), user=user)


def service_actor(token: ApiToken) -> Actor:
    """The service that this token belongs to."""
    return Actor("service", token.service, token=token)


def system_actor(name: str) -> Actor:
    """StreamHub itself: `name` is the job or command, e.g. "reaper"."""
    return Actor("system", name)
