"""The rules of a channel's verbs as a table: every verb in every state, and whatever may be in the way."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.guards import channel as guards
from channels_app.guards.channel import Situation
from channels_app.models.channel import Desired, State
from tests.scenarios.asking import DONE, Answer, Refused, ask

GOING = "The channel is being deleted."
ALREADY = "It is being deleted already."
ON_AIR = "The breakout 'keynote' is on air on this channel. Stop the breakout first."
RESTS = "MediaLive is not running. There is nothing to stop."
WELL = "There is nothing to retry."
HAS_ONE = "It already has a distribution. Detach that one first."
NO_ENDPOINT = "Its origin endpoint does not exist yet. Wait until the channel is created."

VERBS = ("create-breakout", "create-distribution", "retry", "stop", "delete")
KEYNOTE = {"on_air": "keynote", "may_run": True}
# The situation, and what each of the verbs is told in it. Retry is always done in state failed.
TABLE: dict[str, tuple[dict[str, Any], tuple[str, str, str, str, str]]] = {
    "nothing in the way": ({}, (DONE, DONE, WELL, RESTS, DONE)),
    "an error is shown": ({"has_error": True}, (DONE, DONE, DONE, RESTS, DONE)),
    "MediaLive may run": ({"may_run": True}, (DONE, DONE, WELL, DONE, DONE)),
    "a distribution is attached": ({"has_distribution": True}, (DONE, HAS_ONE, WELL, RESTS, DONE)),
    "there is no endpoint": ({"has_endpoint": False}, (DONE, NO_ENDPOINT, WELL, RESTS, DONE)),
    "a breakout is starting": ({**KEYNOTE, "on_air_state": "starting"}, (DONE, DONE, WELL, ON_AIR, ON_AIR)),
    "a breakout is running": ({**KEYNOTE, "on_air_state": "running"}, (DONE, DONE, WELL, ON_AIR, ON_AIR)),
    "a breakout is stopping": ({**KEYNOTE, "on_air_state": "stopping"}, (DONE, DONE, WELL, DONE, ON_AIR)),
    "wanted running": ({"desired": "running", "may_run": True}, (DONE, DONE, WELL, DONE, DONE)),
    "being deleted": ({"desired": "deleted"}, (GOING, GOING, WELL, RESTS, ALREADY)),
    "being deleted, and it may run": (
        {"desired": "deleted", "may_run": True},
        (GOING, GOING, WELL, DONE, ALREADY),
    ),
    "being deleted, on air": (
        {"desired": "deleted", **KEYNOTE, "on_air_state": "running"},
        (GOING, GOING, WELL, ON_AIR, ALREADY),
    ),
    "being deleted, with an error": (
        {"desired": "deleted", "has_error": True},
        (GOING, GOING, DONE, RESTS, ALREADY),
    ),
    "being deleted, with a distribution": (
        {"desired": "deleted", "has_distribution": True},
        (GOING, GOING, WELL, RESTS, ALREADY),
    ),
}
CASES = [
    pytest.param(verb, {"desired": "idle", **fields}, told, id=f"{verb} - {name}")
    for name, (fields, answers) in TABLE.items()
    for verb, told in zip(VERBS, answers, strict=True)
]
HELPS = {ON_AIR: ["stop the breakout"], HAS_ONE: ["detach"]}


def expected_of(verb: str, now: Situation, told: str) -> Answer:
    if verb == "retry" and now.state == State.FAILED:
        return DONE
    if told in (DONE, ALREADY):
        return told
    return Refused(told, now.state, HELPS.get(told, guards.possible(now)))


@pytest.mark.parametrize(("verb", "fields", "told"), CASES)
def test_a_verb_in_each_state(verb: str, fields: dict[str, Any], told: str) -> None:
    nows = {state: Situation(state, **fields) for state in State.values}
    answers = {state: ask(guards, verb, now) for state, now in nows.items()}
    assert answers == {state: expected_of(verb, now, told) for state, now in nows.items()}


def test_the_table_has_every_verb() -> None:
    assert tuple(guards.rules()) == VERBS


def test_what_is_possible() -> None:
    assert guards.possible(Situation("idle", Desired.IDLE)) == [
        "create-breakout",
        "create-distribution",
        "delete",
    ]
    assert guards.possible(Situation("failed", Desired.DELETED, may_run=True)) == ["retry", "stop"]
