"""Who asks: a person of the staff, a service of the house, or StreamHub itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from streamhub.access.models import ApiToken


@dataclass(frozen=True)
class Actor:
    """Who asks for a verb. `str(actor)` is what the audit rows say under *who*.

    `permitted`: the permission was checked for the verb of which the present one is a part.
    """

    kind: Literal["staff", "service", "system"]
    name: str
    user: User | None = None
    token: ApiToken | None = None
    permitted: bool = False

    def __str__(self) -> str:
        return self.name if self.kind == "system" else f"{self.kind}:{self.name}"


def staff_actor(user: User) -> Actor:
    """The person who is logged in to the admin."""
    return Actor("staff", user.get_username(), user=user)


def service_actor(token: ApiToken) -> Actor:
    """The service that this token belongs to."""
    return Actor("service", token.service, token=token)


def system_actor(name: str) -> Actor:
    """StreamHub itself: `name` is the job or command, e.g. "reaper"."""
    return Actor("system", name)


# Drivers and periodic jobs: what StreamHub does by itself.
SYSTEM = system_actor("StreamHub")
