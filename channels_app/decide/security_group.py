"""The next step for a security group: a pure function of intent and observation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from channels_app.models import SecurityGroup

Desired, State = SecurityGroup.Desired, SecurityGroup.State


class Step(StrEnum):
    """Each value completes the sentence "could not …"."""

    FIND_OR_CREATE = "find or create the security group"
    SETTLE = "record that the security group is ready"
    RESTORE_RULES = "restore the rules of the security group"
    LOOK_AGAIN = "confirm that the security group is gone"
    DELETE = "delete the security group"
    HANDED_OVER = "delete a security group that was handed over to others"
    FORGET = "remove the security group's row"
    REST = "rest"


@dataclass(frozen=True)
class Intent:
    desired: str
    state: str


@dataclass(frozen=True)
class Observed:
    """What is known of the group.

    `known`: its id is on the row; `sent`: a create was sent; `gone`: proven not to exist any more;
    `suspected`: AWS answered NotFound once; `handed_over`: it exists and carries no mark of ours any more;
    `rules_differ`: somebody changed its rules.
    """

    known: bool = False
    sent: bool = False
    gone: bool = False
    suspected: bool = False
    handed_over: bool = False
    rules_differ: bool = False


def next_step(intent: Intent, observed: Observed) -> Step:
    """The one step that brings MediaLive closer to the intent."""
    if intent.desired == Desired.DELETED:
        return _teardown_step(observed)
    if intent.state == State.FAILED:
        return Step.REST
    if observed.suspected and not observed.gone:
        return Step.LOOK_AGAIN
    if observed.gone or not observed.known:
        return Step.FIND_OR_CREATE
    return Step.RESTORE_RULES if observed.rules_differ else Step.SETTLE


def _teardown_step(observed: Observed) -> Step:
    if observed.gone or not (observed.known or observed.sent):
        return Step.FORGET
    if not observed.known:
        return Step.FIND_OR_CREATE
    return Step.HANDED_OVER if observed.handed_over else Step.DELETE
