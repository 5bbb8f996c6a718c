"""Actors: who asks for a verb. A member of the staff, a service, or StreamHub itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from streamhub.access.models import ApiToken


@dataclass(frozen=True)
class Actor:
    """Who asks for a verb. `str(actor)` is the *who* of transitions.

    `permitted`: the permission was already checked for the verb that calls this one.
    """

    kind: Literal["staff", "service", "system", "anonymous"]
    name: str
    user: User | None = None
    token: ApiToken | None = None
    permitted: bool = False

    def __str__(self) -> str:
        return self.name if self.kind == "system" else f"{self.kind}:{self.name}"


def staff_actor(user: User) -> Actor:
    """The actor for a user of the admin."""
    return Actor("staff", user.get_username(), user=user)


def service_actor(token: ApiToken) -> Actor:
    """The actor for the service that owns this token."""
    return Actor("service", token.service, token=token)


def system_actor(name: str) -> Actor:
    """The actor for StreamHub itself. `name` is the job or command, e.g. "reaper"."""
    return Actor("system", name)


# The actor of drivers and periodic jobs.
SYSTEM = system_actor("StreamHub")
