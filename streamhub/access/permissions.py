"""May this actor do that? Asked by the services, so that the admin and the API get the same answer."""

from __future__ import annotations

from dataclasses import replace

from streamhub.access.actors import Actor
from streamhub.errors import Forbidden


def permit(who: Actor, permission: str) -> Actor:
    """The first line of a verb: raise Forbidden unless `who` may.

    Returns the actor to pass on to the verbs that this one is made of; they do not ask again.
    """
    require(who, permission)
    return replace(who, permitted=True)


def require(actor: Actor, permission: str) -> None:
    """Raise Forbidden unless `actor` may; `permission` is "app.codename".

    Staff need the permission. A service was let in by its scope at the API's door, and the system
    may do everything. Raises TypeError for anything that is not an Actor: a name proves nothing.
    """
    if not isinstance(actor, Actor):
        raise TypeError(f"{permission} is asked for an Actor, not for {actor!r}.")
    if actor.kind != "staff" or actor.permitted:
        return
    if actor.user is None or not actor.user.has_perm(permission):
        verb = permission.rpartition(".")[2].replace("_", " ")
        raise Forbidden(
            f"{actor.name} may not {verb}: the permission {permission} is missing. "
            "An administrator can add you to a group that has it."
        )
