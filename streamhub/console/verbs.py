"""Verbs: what staff can do to an object, with label, consequences, permission and refusals.

The rules are in the apps' guards and services; a `Verb` only makes them available to the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from streamhub.access.actors import Actor, staff_actor
from streamhub.access.permissions import require
from streamhub.console.forms import ConsoleForm
from streamhub.errors import Invalid, NotPossible, VerbError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Verb:
    """One thing staff can do to an object.

    `permission` is "app.codename". `run(row, who)` is the service. `refusal(row, situation)` returns why
    the verb is not possible now, or None; `situation` comes from the object's admin, once for all verbs.
    `consequences(row)` are the sentences of the confirmation page. `done` is the message afterwards.
    `form`: what the confirmation page asks for; its cleaned data are keyword arguments of `run`, which has
    defaults for them if the verb is one for many objects. `initial(row)`: what its fields hold at first.
    `asks_many`: for several objects the form is asked once for all.
    `typed(row)` is the text that has to be typed to confirm, "" in the normal case; then `run_typed` runs
    instead of `run`. `typed_alone(row)`: the same on the object's own page, where nothing else differs; for
    several objects `to_type_for` asks. `now(row, time)`: how the object is at that time, in a phrase: whose
    it is, since when, and what is planned. `costly`: it costs money. For several objects the confirmation of
    what is costly or a danger is typed (`to_type_for`).
    `warnings(row, data)`: what to confirm once more before the verb runs with the form's cleaned data.
    `together(rows)`: what follows for several at once, such as a sum; it comes before their own consequences.
    `irreversible`: the page asks again who is there (`streamhub.signin.confirming`).
    """

    name: str
    label: StrOrPromise
    icon: str
    permission: str
    run: Callable[..., Any]
    refusal: Callable[[Any, Any], str | None]
    consequences: Callable[[Any], Sequence[str]]
    done: StrOrPromise
    danger: bool = False
    irreversible: bool = False
    primary: bool = False
    bulk: bool = True
    asks_many: bool = False
    order: int = 50
    form: type[ConsoleForm] | None = None
    initial: Callable[[Any], Mapping[str, Any]] = lambda row: {}
    typed: Callable[[Any], str] = lambda row: ""
    run_typed: Callable[[Any, Actor], Any] | None = None
    typed_alone: Callable[[Any], str] | None = None
    now: Callable[[Any, datetime], str] = lambda row, time: ""
    costly: bool = False
    warnings: Callable[[Any, Mapping[str, Any]], Sequence[str]] = lambda row, data: ()
    together: Callable[[Sequence[Any]], Sequence[str]] = lambda rows: ()

    def allowed(self, user: User | AnonymousUser) -> bool:
        """Whether the user's role has the verb; if not, pages do not offer it."""
        return user.has_perm(self.permission)

    def to_type_for(self, count: int) -> str:
        """What has to be typed to run it on so many objects, such as "stop 3"; "" if nothing."""
        asks = (count > 1 and (self.danger or self.costly)) or (count == 1 and self.typed_alone is not None)
        return f"{self.label.lower()} {count}" if asks else ""

    def to_type(self, row: Any) -> str:
        """What has to be typed on the object's own page; "" if nothing."""
        return self.typed(row) or (self.typed_alone(row) if self.typed_alone else "")


def guarded(refusal: Callable[[str, Any], str | None], rule: str) -> Callable[[Any, Any], str | None]:
    """The `refusal` of a verb by a rule of its app's table of guards."""
    return lambda _row, situation: refusal(rule, situation)


@dataclass(frozen=True)
class Outcome:
    """The result of one verb on one object.

    `returned`: what the service returned; `errors`: its messages about fields, by field.
    """

    label: str
    ok: bool
    sentence: str
    returned: Any = field(default=None, repr=False, compare=False)
    errors: Mapping[str, str] = field(default_factory=dict, compare=False)


def perform(
    verb: Verb,
    row: Any,
    user: User,
    typed: str = "",
    data: Mapping[str, Any] | None = None,
    *,
    alone: bool = True,
) -> Outcome:
    """Check the permission and run the verb with its form's data. A refusal is an outcome, not an error.

    `typed`: what the user has typed to confirm. `alone`: on the object's own page. Raises `Forbidden` if the
    user's role does not have the verb.
    """
    actor = staff_actor(user)
    require(actor, verb.permission)
    label = str(row)
    to_type = verb.to_type(row) if alone else verb.typed(row)
    if to_type and typed.strip() != to_type:
        return Outcome(
            label,
            False,
            _("To confirm it, open its page, press %(label)s and type %(to_type)s.")
            % {"label": verb.label, "to_type": to_type},
        )
    run = verb.run_typed if verb.typed(row) and verb.run_typed else verb.run
    try:
        returned = run(row, actor, **(data or {}))
    except NotPossible as refusal:
        return Outcome(label, False, refusal.detail)
    except Invalid as invalid:
        return Outcome(label, False, " ".join(invalid.errors.values()), errors=invalid.errors)
    except VerbError as refusal:
        return Outcome(label, False, str(refusal))
    except ObjectDoesNotExist:
        return Outcome(label, False, _("It was deleted in the meantime."))
    return Outcome(label, True, str(verb.done), returned)


@dataclass(frozen=True)
class Offer:
    """A verb on an object's page; `reason` says why it is not possible now, or is None."""

    verb: Verb
    url: str
    reason: str | None

    @property
    def possible(self) -> bool:
        return self.reason is None
