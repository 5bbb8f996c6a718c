"""The rules of a distribution's verbs as a table: each in every state, and whatever may be in the way."""

from __future__ import annotations

from typing import Any

import pytest

from distributions import guards
from distributions.guards import Home, Situation
from distributions.models import State
from tests.scenarios.asking import DONE, Answer, Refused, ask

SHARED = "It is shared and protected; StreamHub never changes it."
ON_AIR = "It is on air with keynote, workshop. Stop the breakout first."
ATTACHED = "It is attached; detach it first."
LOOSE = "It is not attached to anything."
ALREADY = "It is being deleted already."
STAYS = "It is not about to be deleted."
WELL = "There is nothing to retry."
TAKEN = "The channel whose endpoint it is in front of has a distribution; detach that first."
NO_CHANNEL = "The channel whose endpoint it is in front of is gone."
OTHER = "It is in front of another origin endpoint."
# Only while disabling or disabled; elsewhere told so.
RESTS = "done while disabling or disabled"

VERBS = ("sync", "retry", "detach", "reattach", "keep", "delete")
FREE = {"attached": False}
GOING = {"attached": False, "desired": "deleted"}
HELD = {"holds": ("keynote", "workshop")}
# The situation, and what each of the verbs is told in it. Retry is always done in state failed.
TABLE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "attached": ({}, (DONE, WELL, DONE, ATTACHED, STAYS, ATTACHED)),
    "an error is shown": ({"has_error": True}, (DONE, DONE, DONE, ATTACHED, STAYS, ATTACHED)),
    "on air": (HELD, (DONE, WELL, ON_AIR, ATTACHED, STAYS, ON_AIR)),
    "detached": (GOING, (DONE, WELL, ALREADY, RESTS, RESTS, ALREADY)),
    "detached, an attachment is open": ({**GOING, **HELD}, (DONE, WELL, ON_AIR, RESTS, RESTS, ON_AIR)),
    "detached, its channel has another": (
        {**GOING, "home": Home.TAKEN},
        (DONE, WELL, ALREADY, TAKEN, RESTS, ALREADY),
    ),
    "detached, its channel is gone": (
        {**GOING, "home": Home.GONE},
        (DONE, WELL, ALREADY, NO_CHANNEL, RESTS, ALREADY),
    ),
    "detached, its channel has another endpoint": (
        {**GOING, "home": Home.OTHER},
        (DONE, WELL, ALREADY, OTHER, RESTS, ALREADY),
    ),
    "kept": ({**FREE, "desired": "disabled"}, (DONE, WELL, LOOSE, RESTS, STAYS, DONE)),
    "unattached, wanted enabled": (FREE, (DONE, WELL, LOOSE, RESTS, STAYS, DONE)),
    "protected": ({**FREE, "protected": True}, (DONE, WELL, SHARED, SHARED, SHARED, SHARED)),
    "protected, with an error": (
        {**FREE, "protected": True, "has_error": True},
        (DONE, DONE, SHARED, SHARED, SHARED, SHARED),
    ),
    # The database refuses such a row; the rules do not count on it.
    "wanted gone but attached": ({"desired": "deleted"}, (DONE, WELL, DONE, ATTACHED, RESTS, ATTACHED)),
}
CASES = [
    pytest.param(verb, {"desired": "enabled", **fields}, told, id=f"{verb} - {name}")
    for name, (fields, answers) in TABLE.items()
    for verb, told in zip(VERBS, answers, strict=True)
]


def expected_of(verb: str, now: Situation, told: str) -> Answer:
    resting = now.state in ("disabling", "disabled")
    if (verb, now.state) == ("retry", "failed") or (told == RESTS and resting):
        return DONE
    if told in (DONE, ALREADY):
        return told
    if told in (RESTS, TAKEN, NO_CHANNEL, OTHER) and not resting:
        told = f"It is {now.state}; this is possible only while it is disabling or disabled."
    return Refused(told, now.state, guards.possible(now))


@pytest.mark.parametrize(("verb", "fields", "told"), CASES)
def test_a_verb_in_each_state(verb: str, fields: dict[str, Any], told: str) -> None:
    nows = {state: Situation(state, **fields) for state in State.values}
    answers = {state: ask(guards, verb, now) for state, now in nows.items()}
    assert answers == {state: expected_of(verb, now, told) for state, now in nows.items()}


def test_the_table_has_every_verb() -> None:
    assert tuple(guards.rules()) == VERBS


def test_what_is_possible() -> None:
    assert guards.possible(Situation("deployed", "enabled")) == ["sync", "detach"]
    assert guards.possible(Situation("disabled", "deleted", attached=False)) == ["sync", "reattach", "keep"]
    assert guards.possible(Situation("failed", "enabled", protected=True)) == ["sync", "retry"]
