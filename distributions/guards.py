"""What can be done with a distribution now, and why not: the rules of its verbs (API.md, "Semantics").

Pure: the situation is made by `distributions.services`, for the services themselves and for the pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from distributions.models import Desired, State
from streamhub.lifecycle.guards import Refusal, Rule, Table, only, rule


class Home(StrEnum):
    """Whether the channel whose origin endpoint it is in front of could take it back."""

    FREE = "free"
    TAKEN = "taken"
    GONE = "gone"
    OTHER = "other"  # that channel has another endpoint


@dataclass(frozen=True)
class Situation:
    """A distribution. `holds`: the names of the on-air breakouts that it delivers."""

    state: str
    desired: str
    attached: bool = True
    protected: bool = False
    holds: tuple[str, ...] = ()
    has_error: bool = False
    home: str = Home.FREE


def let_go_already(now: Situation) -> str:
    gone = now.desired == Desired.DELETED and not now.attached and not now.holds
    return "It is being deleted already." if gone else ""


def protected(now: Situation) -> Refusal | None:
    return Refusal("It is shared and protected; StreamHub never changes it.") if now.protected else None


def on_air(now: Situation) -> Refusal | None:
    if not now.holds:
        return None
    return Refusal(f"It is on air with {', '.join(now.holds)}. Stop the breakout first.")


def attached(now: Situation) -> Refusal | None:
    return Refusal("It is attached; detach it first.") if now.attached else None


def unattached(now: Situation) -> Refusal | None:
    return None if now.attached else Refusal("It is not attached to anything.")


def not_going(now: Situation) -> Refusal | None:
    return None if now.desired == Desired.DELETED else Refusal("It is not about to be deleted.")


def all_well(now: Situation) -> Refusal | None:
    return None if now.state == State.FAILED or now.has_error else Refusal("There is nothing to retry.")


def no_home(now: Situation) -> Refusal | None:
    sentences = {
        Home.FREE: "",
        Home.TAKEN: "The channel whose endpoint it is in front of has a distribution; detach that first.",
        Home.GONE: "The channel whose endpoint it is in front of is gone.",
        Home.OTHER: "It is in front of another origin endpoint.",
    }
    sentence = sentences[Home(now.home)]
    return Refusal(sentence) if sentence else None


def rules() -> Mapping[str, Rule[Situation]]:
    """The table."""
    return {
        "sync": rule(),
        "retry": rule(all_well),
        "detach": rule(protected, on_air, unattached, repeats=let_go_already),
        "reattach": rule(protected, attached, only(State.DISABLING, State.DISABLED), no_home),
        "keep": rule(protected, not_going, only(State.DISABLING, State.DISABLED)),
        "delete": rule(protected, on_air, attached, repeats=let_go_already),
    }


TABLE = Table(rules)
check, refusal, possible = TABLE.check, TABLE.refusal, TABLE.possible
