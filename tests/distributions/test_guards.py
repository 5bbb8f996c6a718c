"""The rules of a distribution's verbs as a table: each verb in every state and situation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from distributions import guards
from distributions.guards import Home, Situation
from distributions.models import State
from tests.scenarios.asking import DONE, Answer, Refused, ask

SHARED = "It is shared and protected; StreamHub never changes it."
ON_AIR = "It is on air with keynote, workshop. Stop the breakouts first."
ATTACHED = "It is attached; detach it first."
UNATTACHED = "It is not attached to anything."
ALREADY = "It is being deleted already."
NOT_BEING_DELETED = "It is not being deleted."
BEING_DELETED = "It is being deleted."
LOST = "CloudFront does not have it any more."
NO_RETRY = "There is nothing to retry."
TAKEN = "The channel of its origin endpoint has another distribution; detach that one first."
NO_CHANNEL = "The channel of its origin endpoint is gone."
OTHER = "It is in front of another origin endpoint."
# Done while disabling or disabled, refused in other states.
DONE_IF_DISABLED = "done while disabling or disabled"

VERBS = ("sync", "retry", "detach", "reattach", "keep", "price", "delete")
FREE = {"attached": False}
DELETING = {"attached": False, "desired": "deleted"}
ON_AIR_NOW = {"holds": ("keynote", "workshop")}
# The situation, and the expected answer to each verb. Retry is always done in the state failed.
TABLE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "attached": ({}, (DONE, NO_RETRY, DONE, ATTACHED, NOT_BEING_DELETED, DONE, ATTACHED)),
    "an error is shown": (
        {"has_error": True},
        (DONE, DONE, DONE, ATTACHED, NOT_BEING_DELETED, DONE, ATTACHED),
    ),
    "on air": (ON_AIR_NOW, (DONE, NO_RETRY, ON_AIR, ATTACHED, NOT_BEING_DELETED, ON_AIR, ON_AIR)),
    "detached": (
        DELETING,
        (DONE, NO_RETRY, ALREADY, DONE_IF_DISABLED, DONE_IF_DISABLED, BEING_DELETED, ALREADY),
    ),
    "detached, an attachment is open": (
        {**DELETING, **ON_AIR_NOW},
        (DONE, NO_RETRY, ON_AIR, DONE_IF_DISABLED, DONE_IF_DISABLED, ON_AIR, ON_AIR),
    ),
    "detached, its channel has another": (
        {**DELETING, "home": Home.TAKEN},
        (DONE, NO_RETRY, ALREADY, TAKEN, DONE_IF_DISABLED, BEING_DELETED, ALREADY),
    ),
    "detached, its channel is gone": (
        {**DELETING, "home": Home.GONE},
        (DONE, NO_RETRY, ALREADY, NO_CHANNEL, DONE_IF_DISABLED, BEING_DELETED, ALREADY),
    ),
    "detached, its channel has another endpoint": (
        {**DELETING, "home": Home.OTHER},
        (DONE, NO_RETRY, ALREADY, OTHER, DONE_IF_DISABLED, BEING_DELETED, ALREADY),
    ),
    "kept": (
        {**FREE, "desired": "disabled"},
        (DONE, NO_RETRY, UNATTACHED, DONE_IF_DISABLED, NOT_BEING_DELETED, DONE, DONE),
    ),
    "unattached, wanted enabled": (
        FREE,
        (DONE, NO_RETRY, UNATTACHED, DONE_IF_DISABLED, NOT_BEING_DELETED, DONE, DONE),
    ),
    "protected": ({**FREE, "protected": True}, (DONE, NO_RETRY, SHARED, SHARED, SHARED, SHARED, SHARED)),
    "protected, with an error": (
        {**FREE, "protected": True, "has_error": True},
        (DONE, DONE, SHARED, SHARED, SHARED, SHARED, SHARED),
    ),
    # A constraint refuses such a row, but the rules do not rely on that.
    "deleted but attached": (
        {"desired": "deleted"},
        (DONE, NO_RETRY, DONE, ATTACHED, DONE_IF_DISABLED, BEING_DELETED, ATTACHED),
    ),
}
CASES = [
    pytest.param(verb, {"desired": "enabled", **fields}, answer, id=f"{verb} - {name}")
    for name, (fields, answers) in TABLE.items()
    for verb, answer in zip(VERBS, answers, strict=True)
]


def expected_of(verb: str, now: Situation, answer: str) -> Answer:
    disabled = now.state in (State.DISABLING, State.DISABLED)
    if (verb, now.state) == ("retry", State.FAILED) or (answer == DONE_IF_DISABLED and disabled):
        return DONE
    if (verb, now.state, answer) == ("price", State.MISSING, DONE):
        answer = LOST
    if answer in (DONE, ALREADY):
        return answer
    if answer in (DONE_IF_DISABLED, TAKEN, NO_CHANNEL, OTHER) and not disabled:
        answer = f"It is {now.state}; this is possible only while it is disabling or disabled."
    return Refused(answer, now.state, guards.possible(now))


@pytest.mark.parametrize(("verb", "fields", "answer"), CASES)
def test_each_verb_gives_its_answer_in_every_state(verb: str, fields: dict[str, Any], answer: str) -> None:
    situations = {state: Situation(state, **fields) for state in State.values}
    answers = {state: ask(guards, verb, now) for state, now in situations.items()}
    assert answers == {state: expected_of(verb, now, answer) for state, now in situations.items()}


def test_a_refusal_on_air_counts_the_breakouts() -> None:
    refusal = guards.on_air(Situation("deployed", "enabled", holds=("keynote",)))
    assert refusal is not None
    assert refusal.sentence == "It is on air with keynote. Stop the breakout first."


def test_a_price_class_that_it_has_is_not_changed_again() -> None:
    now = Situation("deployed", "enabled", price_class="PriceClass_100", wanted_price_class="PriceClass_100")
    assert guards.check("price", now) is False
    assert guards.check("price", replace(now, wanted_price_class="PriceClass_All")) is True


def test_the_table_has_every_verb() -> None:
    assert tuple(guards.rules()) == VERBS


def test_possible_verbs_are_those_that_do_something_now() -> None:
    assert guards.possible(Situation("deployed", "enabled")) == ["sync", "detach"]
    assert guards.possible(Situation("disabled", "deleted", attached=False)) == ["sync"]
    assert guards.possible(Situation("failed", "enabled", protected=True)) == ["sync", "retry"]
