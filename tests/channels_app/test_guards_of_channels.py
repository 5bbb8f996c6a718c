"""The rules of a channel's verbs as a table: every verb in every state, with every obstacle."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.guards import channel as guards
from channels_app.guards.channel import Situation
from channels_app.guards.places import Places
from channels_app.models.channel import Desired, State
from tests.scenarios.asking import DONE, Answer, Refused, ask

BEING_DELETED = "The channel is being deleted."
ALREADY = "It is being deleted already."
ON_AIR = "The breakout 'keynote' is on air on this channel. Stop the breakout first."
NOT_WARM = "It is not kept warm."
FAILED = "The channel has failed and cannot run. Retry it first."
NOT_RUNNING = "MediaLive is not running. There is nothing to stop."
NO_RETRY = "There is nothing to retry."
HAS_ONE = "It already has a distribution. Detach that one first."
NO_ENDPOINT = "Its origin endpoint does not exist yet. Wait until the channel is created."

UP_TO_DATE = "It has the present settings already."
NOT_BUILT = "Its AWS resources are not complete yet. What is created gets the present settings."

VERBS = (
    "create-breakout",
    "create-distribution",
    "retry",
    "tags",
    "warm",
    "cool",
    "schedule",
    "edit",
    "stop",
    "delete",
)
KEYNOTE = {"on_air": "keynote", "may_run": True}
# The situation, and the answer to each verb. Retry is always carried out in state failed.
TABLE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "no obstacle": ({}, (DONE, DONE, NO_RETRY, DONE, DONE, NOT_WARM, DONE, NOT_RUNNING, DONE)),
    "an error is shown": (
        {"has_error": True},
        (DONE, DONE, DONE, DONE, DONE, NOT_WARM, DONE, NOT_RUNNING, DONE),
    ),
    "MediaLive may run": ({"may_run": True}, (DONE, DONE, NO_RETRY, DONE, DONE, NOT_WARM, DONE, DONE, DONE)),
    "a distribution is attached": (
        {"has_distribution": True},
        (DONE, HAS_ONE, NO_RETRY, DONE, DONE, NOT_WARM, DONE, NOT_RUNNING, DONE),
    ),
    "there is no endpoint": (
        {"has_endpoint": False},
        (DONE, NO_ENDPOINT, NO_RETRY, DONE, DONE, NOT_WARM, DONE, NOT_RUNNING, DONE),
    ),
    "a breakout is starting": (
        {**KEYNOTE, "on_air_state": "starting"},
        (DONE, DONE, NO_RETRY, DONE, DONE, NOT_WARM, DONE, ON_AIR, ON_AIR),
    ),
    "a breakout is running": (
        {**KEYNOTE, "on_air_state": "running"},
        (DONE, DONE, NO_RETRY, DONE, DONE, NOT_WARM, DONE, ON_AIR, ON_AIR),
    ),
    "a breakout is stopping": (
        {**KEYNOTE, "on_air_state": "stopping"},
        (DONE, DONE, NO_RETRY, DONE, DONE, NOT_WARM, DONE, DONE, ON_AIR),
    ),
    "wanted running": (
        {"desired": "running", "may_run": True},
        (DONE, DONE, NO_RETRY, DONE, DONE, NOT_WARM, DONE, DONE, DONE),
    ),
    "being deleted": (
        {"desired": "deleted"},
        (
            BEING_DELETED,
            BEING_DELETED,
            NO_RETRY,
            BEING_DELETED,
            BEING_DELETED,
            NOT_WARM,
            BEING_DELETED,
            NOT_RUNNING,
            ALREADY,
        ),
    ),
    "being deleted, and it may run": (
        {"desired": "deleted", "may_run": True},
        (
            BEING_DELETED,
            BEING_DELETED,
            NO_RETRY,
            BEING_DELETED,
            BEING_DELETED,
            NOT_WARM,
            BEING_DELETED,
            DONE,
            ALREADY,
        ),
    ),
    "being deleted, on air": (
        {"desired": "deleted", **KEYNOTE, "on_air_state": "running"},
        (
            BEING_DELETED,
            BEING_DELETED,
            NO_RETRY,
            BEING_DELETED,
            BEING_DELETED,
            NOT_WARM,
            BEING_DELETED,
            ON_AIR,
            ALREADY,
        ),
    ),
    "being deleted, with an error": (
        {"desired": "deleted", "has_error": True},
        (
            BEING_DELETED,
            BEING_DELETED,
            DONE,
            BEING_DELETED,
            BEING_DELETED,
            NOT_WARM,
            BEING_DELETED,
            NOT_RUNNING,
            ALREADY,
        ),
    ),
    "being deleted, with a distribution": (
        {"desired": "deleted", "has_distribution": True},
        (
            BEING_DELETED,
            BEING_DELETED,
            NO_RETRY,
            BEING_DELETED,
            BEING_DELETED,
            NOT_WARM,
            BEING_DELETED,
            NOT_RUNNING,
            ALREADY,
        ),
    ),
}
CASES = [
    pytest.param(verb, {"desired": "idle", **fields}, answer, id=f"{verb} - {name}")
    for name, (fields, answers) in TABLE.items()
    # An edit is answered as one of the tags is.
    for verb, answer in zip(VERBS, (*answers[:7], answers[3], *answers[7:]), strict=True)
]
POSSIBLE = {ON_AIR: ["stop the breakout"], HAS_ONE: ["detach the distribution"]}


def expected_of(verb: str, situation: Situation, answer: str) -> Answer:
    if verb == "retry" and situation.state == State.FAILED:
        return DONE
    if verb == "warm" and situation.state == State.FAILED and answer == DONE:
        return Refused(FAILED, situation.state, ["retry"])
    if answer in (DONE, ALREADY, NOT_WARM, UP_TO_DATE, RESTARTING):
        return answer
    return Refused(answer, situation.state, POSSIBLE.get(answer, guards.possible(situation)))


@pytest.mark.parametrize(("verb", "fields", "answer"), CASES)
def test_a_verb_in_each_state(verb: str, fields: dict[str, Any], answer: str) -> None:
    situations = {state: Situation(state, **fields) for state in State.values}
    answers = {state: ask(guards, verb, situation) for state, situation in situations.items()}
    assert answers == {state: expected_of(verb, situation, answer) for state, situation in situations.items()}


def test_a_channel_that_is_kept_warm_can_be_kept_warm_no_longer() -> None:
    assert ask(guards, "cool", Situation("failed", Desired.RUNNING, kept_warm=True)) == DONE
    deleting = Situation("deleting", Desired.DELETED, kept_warm=True)
    assert ask(guards, "cool", deleting) == Refused(BEING_DELETED, "deleting", guards.possible(deleting))


def test_a_channel_is_not_kept_warm_beyond_the_limit_of_running_channels() -> None:
    full = Situation("idle", Desired.IDLE, places=Places(taken=2, limit=2))
    answer = ask(guards, "warm", full)
    assert isinstance(answer, Refused)
    assert answer.sentence.startswith("2 channels are running or being started, and at most 2 may run")


def test_the_table_contains_every_verb() -> None:
    with_tables_of_their_own = {"apply-settings", "switch-input", "restart-pipelines"}
    assert tuple(verb for verb in guards.rules() if verb not in with_tables_of_their_own) == VERBS


SETTINGS = {
    "outdated": ({"outdated": True}, DONE),
    "up to date": ({}, UP_TO_DATE),
    "outdated, on air": ({"outdated": True, **KEYNOTE, "on_air_state": "stopping"}, ON_AIR),
    "up to date, on air": ({**KEYNOTE, "on_air_state": "running"}, ON_AIR),
    "warm": ({"outdated": True, "may_run": True, "desired": "running"}, DONE),
    "not built": ({"built": False}, NOT_BUILT),
    "being deleted": ({"outdated": True, "desired": "deleted"}, BEING_DELETED),
}


@pytest.mark.parametrize(("fields", "answer"), SETTINGS.values(), ids=SETTINGS)
def test_settings_are_applied_while_nothing_is_on_air(fields: dict[str, Any], answer: str) -> None:
    for state in State.values:
        situation = Situation(state, **{"desired": "idle", **fields})
        assert ask(guards, "apply-settings", situation) == expected_of("apply-settings", situation, answer)


NO_SECOND = "It has no second input. One is given when a channel is created."
NOT_ON_AIR = "It does not run. MediaLive takes this only while the channel runs."
RESTARTING = "The restart is under way already."
# The answers to switch-input and to restart-pipelines.
RESCUE = {
    "running": ({}, (NO_SECOND, DONE)),
    "running, two inputs": ({"has_second_input": True}, (DONE, DONE)),
    "idle": ({"state": "idle", "has_second_input": True}, (NOT_ON_AIR, NOT_ON_AIR)),
    "stopping": ({"state": "stopping", "has_second_input": True}, (NOT_ON_AIR, NOT_ON_AIR)),
    "restarting": ({"has_second_input": True, "restarting": True}, (DONE, RESTARTING)),
    "being deleted": ({"desired": "deleted"}, (BEING_DELETED, BEING_DELETED)),
}


@pytest.mark.parametrize(("fields", "answers"), RESCUE.values(), ids=RESCUE)
def test_a_running_channel_is_rescued(fields: dict[str, Any], answers: tuple[str, str]) -> None:
    situation = Situation(**{"state": "running", "desired": Desired.RUNNING, **fields})
    for verb, answer in zip(("switch-input", "restart-pipelines"), answers, strict=True):
        assert ask(guards, verb, situation) == expected_of(verb, situation, answer)


def test_the_verbs_that_are_possible() -> None:
    assert guards.possible(Situation("idle", Desired.IDLE)) == [
        "distribution",
        "edit",
        "warm",
        "schedule",
        "delete",
    ]
    assert guards.possible(Situation("failed", Desired.DELETED, may_run=True)) == ["retry"]


def test_the_refusal_of_a_profile_names_the_verbs_of_the_channel() -> None:
    deleted = Situation("failed", Desired.DELETED)
    assert ask(guards.ENCODER_TABLE, "edit", deleted) == Refused(BEING_DELETED, "failed", ["retry"])


@pytest.mark.parametrize("runs", [True, False])
def test_profile_and_recording_change_only_while_the_channel_is_idle(runs: bool) -> None:
    situation = Situation("running" if runs else "idle", Desired.IDLE, runs=runs, may_run=True)
    assert (guards.ENCODER_TABLE.refusal("edit", situation) is not None) is runs
