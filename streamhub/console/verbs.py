"""A verb as staff see it: what it is called, what it will do, who may, and when it is not possible.

The rules themselves are the guards' and services' of the apps; a `Verb` only carries them to the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ObjectDoesNotExist

from streamhub.access.actors import Actor, staff_actor
from streamhub.access.permissions import require
from streamhub.errors import Invalid, NotPossible, VerbError


@dataclass(frozen=True)
class Verb:
    """One thing staff can do to an object.

    `permission` is "app.codename". `run(row, who)` is the service. `refusal(row, situation)` says why it
    is not possible now, or None; `situation` is what the object's admin made of it once for all verbs.
    `consequences(row)` are the sentences of the confirmation. `done` is the message afterwards.
    """

    name: str
    label: str
    icon: str
    permission: str
    run: Callable[[Any, Actor], Any]
    refusal: Callable[[Any, Any], str | None]
    consequences: Callable[[Any], Sequence[str]]
    done: str
    danger: bool = False
    primary: bool = False
    bulk: bool = True
    order: int = 50

    def allowed(self, user: User | AnonymousUser) -> bool:
        """Whether this person's role has the verb at all; if not it is not offered."""
        return user.has_perm(self.permission)


@dataclass(frozen=True)
class Outcome:
    """What became of one verb on one object."""

    label: str
    ok: bool
    sentence: str
    url: str = ""


def perform(verb: Verb, row: Any, user: User) -> Outcome:
    """Check the permission and carry the verb out. A refusal is an outcome, not an error.

    Raises `Forbidden` if the person's role does not have the verb.
    """
    actor = staff_actor(user)
    require(actor, verb.permission)
    label = str(row)
    try:
        verb.run(row, actor)
    except NotPossible as refused:
        return Outcome(label, False, refused.detail)
    except Invalid as invalid:
        return Outcome(label, False, " ".join(invalid.errors.values()))
    except VerbError as refused:
        return Outcome(label, False, str(refused))
    except ObjectDoesNotExist:
        return Outcome(label, False, "It was removed in the meantime.")
    return Outcome(label, True, verb.done)


@dataclass(frozen=True)
class Offer:
    """A verb on an object's page: possible, or with the reason why not."""

    verb: Verb
    url: str
    reason: str | None

    @property
    def possible(self) -> bool:
        return self.reason is None
