"""Permission checks of the services, the same for the admin and the API."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from streamhub.access.actors import Actor
from streamhub.errors import Forbidden


def permit(who: Actor, permission: str) -> Actor:
    """The first line of a verb: raise Forbidden if `who` lacks the permission.

    Returns the actor to pass on to the verbs that this verb calls. They do not check again.
    """
    require(who, permission)
    return replace(who, permitted=True)


def require(actor: Actor, permission: str) -> None:
    """Raise Forbidden if `actor` lacks `permission` ("app.codename").

    Staff need the permission. The API has already checked a service's scope, and the system may do
    everything. Raises TypeError for anything but an Actor.
    """
    if not isinstance(actor, Actor):
        raise TypeError(
            _("The permission %(permission)s needs an Actor, not %(actor)s.")
            % {"permission": permission, "actor": repr(actor)}
        )
    if actor.kind != "staff" or actor.permitted:
        return
    if actor.user is None or not actor.user.has_perm(permission):
        verb = permission.rpartition(".")[2].replace("_", " ")
        raise Forbidden(
            _(
                "%(name)s may not %(verb)s: the permission %(permission)s is missing. "
                "An administrator can add you to a group that has it."
            )
            % {"name": actor.name, "verb": verb, "permission": permission}
        )
