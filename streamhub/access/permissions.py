"""May this actor do that? Asked by the services, so that the admin and the API get the same answer."""

from __future__ import annotations

from streamhub.access.actors import Actor
from streamhub.errors import Forbidden


def permit(who: Actor | str, permission: str) -> str:
    """The first line of a verb: raise Forbidden unless `who` may; the name that is recorded.

    A plain name is StreamHub itself, or a verb that carries out a part of another one that was permitted.
    """
    if isinstance(who, Actor):
        require(who, permission)
    return str(who)


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
