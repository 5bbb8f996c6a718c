"""The rules of a distribution's verbs: what is possible now, and why something is not (docs/api.md).

Pure. `distributions.services` builds the `Situation`, for itself and for the pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from distributions.models import Desired, State
from streamhub.lifecycle.guards import NO_CALL, Refusal, Rule, Table, only, rule
from streamhub.translation import gettext as _


class Home(StrEnum):
    """Whether the channel whose origin endpoint it is in front of could take it back."""

    FREE = "free"
    TAKEN = "taken"
    GONE = "gone"
    OTHER = "other"  # that channel has another endpoint


@dataclass(frozen=True)
class Situation:
    """What the rules depend on. `holds`: the names of the on-air breakouts that it delivers.

    `price_class`: the one that it has or will have. `wanted_price_class`: the one asked for, if any.
    `waits_for_person`: AWS refuses the next step until a person has acted, and no step is being taken.
    """

    state: str
    desired: str
    attached: bool = True
    protected: bool = False
    holds: tuple[str, ...] = ()
    has_error: bool = False
    waits_for_person: bool = False
    home: str = Home.FREE
    price_class: str = ""
    wanted_price_class: str = ""


def already_being_deleted(now: Situation) -> str:
    deleting = now.desired == Desired.DELETED and not now.attached and not now.holds
    return _("It is being deleted already.") if deleting else ""


def protected(now: Situation) -> Refusal | None:
    return Refusal(_("It is shared and protected; StreamHub never changes it.")) if now.protected else None


def on_air(now: Situation) -> Refusal | None:
    if not now.holds:
        return None
    them = _("the breakout") if len(now.holds) == 1 else _("the breakouts")
    return Refusal(
        _("It is on air with %(holds)s. Stop %(them)s first.") % {"holds": ", ".join(now.holds), "them": them}
    )


def attached(now: Situation) -> Refusal | None:
    return Refusal(_("It is attached; detach it first.")) if now.attached else None


def unattached(now: Situation) -> Refusal | None:
    return None if now.attached else Refusal(_("It is not attached to anything."))


def same_price_class(now: Situation) -> str:
    same = bool(now.price_class) and now.price_class == now.wanted_price_class
    return _("It has this price class already.") if same else ""


def being_deleted(now: Situation) -> Refusal | None:
    return Refusal(_("It is being deleted.")) if now.desired == Desired.DELETED else None


def not_being_deleted(now: Situation) -> Refusal | None:
    return None if now.desired == Desired.DELETED else Refusal(_("It is not being deleted."))


def cannot_be_kept(now: Situation) -> Refusal | None:
    """A deletion that AWS refuses until a person has acted can still be cancelled."""
    if now.state == State.DELETING and now.waits_for_person:
        return None
    return only(State.DISABLING, State.DISABLED)(now)


def lost(now: Situation) -> Refusal | None:
    return Refusal(_("CloudFront does not have it any more.")) if now.state == State.MISSING else None


def nothing_to_retry(now: Situation) -> Refusal | None:
    return None if now.state == State.FAILED or now.has_error else Refusal(_("There is nothing to retry."))


def cannot_return(now: Situation) -> Refusal | None:
    sentences = {
        Home.FREE: "",
        Home.TAKEN: _("The channel of its origin endpoint has another distribution; detach that one first."),
        Home.GONE: _("The channel of its origin endpoint is gone."),
        Home.OTHER: _("It is in front of another origin endpoint."),
    }
    sentence = sentences[Home(now.home)]
    return Refusal(sentence) if sentence else None


def rules() -> Mapping[str, Rule[Situation]]:
    """The rules of all verbs, by verb."""
    return {
        "sync": rule(),
        "retry": rule(nothing_to_retry),
        "detach": rule(protected, on_air, unattached, repeats=already_being_deleted),
        "reattach": rule(
            protected, attached, only(State.DISABLING, State.DISABLED), cannot_return, call=NO_CALL
        ),
        "keep": rule(protected, not_being_deleted, cannot_be_kept, call=NO_CALL),
        "price": rule(protected, on_air, being_deleted, lost, repeats=same_price_class, call=NO_CALL),
        "delete": rule(protected, on_air, attached, repeats=already_being_deleted, call=NO_CALL),
    }


TABLE = Table(rules)
check, refusal, possible = TABLE.check, TABLE.refusal, TABLE.possible
