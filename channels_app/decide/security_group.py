"""What to do next with a security group: a pure function of intent and observation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from channels_app.models import SecurityGroup

Desired, State = SecurityGroup.Desired, SecurityGroup.State


class Step(StrEnum):
    """Each value completes the sentence "could not …"."""

    FIND_OR_CREATE = "find or create the security group"
    SETTLE = "note that the security group is ready"
    LOOK_AGAIN = "make sure that the security group is gone"
    DELETE = "delete the security group"
    FORGET = "remove the security group's row"
    REST = "rest"


@dataclass(frozen=True)
class Intent:
    desired: str
    state: str


@dataclass(frozen=True)
class Observed:
    """`known`: its id is on the row; `sent`: a create was sent whose outcome may be unknown;

    `gone`: proven not to exist any more; `suspected`: one NotFound was read.
    """

    known: bool = False
    sent: bool = False
    gone: bool = False
    suspected: bool = False


def next_step(intent: Intent, seen: Observed) -> Step:
    """The one step that brings MediaLive nearer to the intent."""
    if intent.desired == Desired.DELETED:
        return _towards_nothing(seen)
    if intent.state == State.FAILED:
        return Step.REST
    if seen.suspected and not seen.gone:
        return Step.LOOK_AGAIN
    return Step.SETTLE if seen.known and not seen.gone else Step.FIND_OR_CREATE


def _towards_nothing(seen: Observed) -> Step:
    if seen.gone or not (seen.known or seen.sent):
        return Step.FORGET
    return Step.DELETE if seen.known else Step.FIND_OR_CREATE
