"""May this actor do that? Asked by the services, so that the admin and the API get the same answer."""

from __future__ import annotations

from streamhub.access.actors import Actor
from streamhub.errors import Forbidden


def require(actor: Actor, permission: str) -> None:
    """Raise Forbidden unless `actor` may; `permission` is "app.codename".

    Staff need the permission. A service was let in by its scope at the API's door, and the system
    may do everything.
    """
    if actor.kind != "staff":
        return
    if actor.user is None or not actor.user.has_perm(permission):
        verb = permission.rpartition(".")[2].replace("_", " ")
        raise Forbidden(
            f"{actor.name} may not {verb}: the permission {permission} is missing. "
            "An administrator can add you to a group that has it."
        )
