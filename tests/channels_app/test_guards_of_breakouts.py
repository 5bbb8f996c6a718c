"""The rules of a breakout's verbs as a table: every verb in every state, with every obstacle."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.guards import breakout as guards
from channels_app.guards.breakout import Situation
from channels_app.guards.places import Places
from channels_app.models.breakout import State
from channels_app.models.channel import State as ChannelState
from tests.scenarios.asking import DONE, Answer, Refused, ask

# do: carried out; same: accepted without effect; no: refused. The curtain is lowered.
GRID = """
            idle  starting  running  stopping  completed  cancelled  failed
prepare     do    do        do       no        no         no         do
start       do    same      same     no        no         no         do
retry       no    no        no       no        no         no         do
raise       do    do        do       do        no         no         do
lower       same  same      same     same      no         no         same
stop        no    do        do       do        same       no         do
cancel      do    do        no       no        no         same       no
take-over   do    same      same     no        no         no         do
schedule    do    do        do       no        no         no         no
extend      do    do        do       no        no         no         no
edit        do    do        do       do        do         do         do
reschedule  do    no        no       no        no         no         do
duplicate   do    do        do       do        do         do         do
"""
HEAD, *ROWS = (line.split() for line in GRID.strip().splitlines())
EXPECTED = {(row[0], state): word for row in ROWS for state, word in zip(HEAD, row[1:], strict=True)}
VERBS = tuple(row[0] for row in ROWS)

ONLY = {
    "prepare": "idle, starting, running or failed",
    "start": "idle or failed",
    "retry": "failed",
    "raise": "idle, starting, running, stopping or failed",
    "lower": "idle, starting, running, stopping or failed",
    "stop": "starting, running, stopping or failed",
    "cancel": "idle or starting",
    "take-over": "idle or failed",
    "schedule": "idle, starting or running",
    "extend": "idle, starting or running",
    "reschedule": "idle or failed",
}
IDLE_CHANNEL = {"channel_state": "idle", "channel_desired": "idle"}
GONE = "Its channel is deleted or being deleted."
TAKEN = "The breakout 'keynote' is on air on the same channel. A channel carries one breakout at a time."


def not_ready(state: str) -> str:
    return f"Its channel is {state}. It can start once the channel is idle, starting, running or stopping."


# Obstacles: changed fields of the situation, the refused verbs, and the refusal: its sentence, its state, and
# what is possible (None: as the table says).
OBSTACLES: dict[str, tuple[dict[str, str], set[str], tuple[str, str, list[str] | None]]] = {
    "no channel any more": (
        {"channel_state": "", "channel_desired": ""},
        {"prepare", "start", "retry", "schedule", "duplicate"},
        (GONE, "deleted", None),
    ),
    "channel being deleted": (
        {"channel_state": "stopping", "channel_desired": "deleted"},
        {"prepare", "start", "retry", "schedule", "duplicate"},
        (GONE, "stopping", None),
    ),
    "another on air": (
        {"other_on_air": "keynote"},
        {"start", "retry"},
        (TAKEN, "", ["stop the other breakout"]),
    ),
    "channel pending": (
        {"channel_state": "pending"},
        {"start", "retry"},
        (not_ready("pending"), "pending", None),
    ),
    "channel provisioning": (
        {"channel_state": "provisioning"},
        {"start", "retry"},
        (not_ready("provisioning"), "provisioning", None),
    ),
    "channel deleting": (
        {"channel_state": "deleting"},
        {"start", "retry"},
        (not_ready("deleting"), "deleting", None),
    ),
    "channel failed": (
        {"channel_state": "failed"},
        {"start"},
        (not_ready("failed"), "failed", ["retry the channel"]),
    ),
    "channel starting": ({"channel_state": "starting", "channel_desired": "running"}, set(), ("", "", None)),
    "channel running": ({"channel_state": "running", "channel_desired": "running"}, set(), ("", "", None)),
    "channel stopping": ({"channel_state": "stopping"}, set(), ("", "", None)),
    "nothing": ({}, set(), ("", "", None)),
}
CASES = [
    pytest.param(verb, obstacle, id=f"{verb} - {obstacle}")
    for verb in VERBS
    if verb != "take-over"  # what is an obstacle to others is what it needs: it has its own table
    for obstacle in OBSTACLES
]


def situation(state: str, **changes: Any) -> Situation:
    return Situation(state, **{**IDLE_CHANNEL, **changes})


def expected_of(verb: str, state: str, obstacle: str) -> Answer:
    changes, refused_verbs, (sentence, whose, possible) = OBSTACLES[obstacle]
    can = guards.possible(situation(state, **changes))
    word = EXPECTED[verb, state]
    if word == "same":
        return "Its curtain is lowered already." if verb == "lower" else f"It is {state} already."
    if word == "no":
        return Refused(f"It is {state}; this is possible only while it is {ONLY[verb]}.", state, can)
    if verb in refused_verbs:
        return Refused(sentence, whose or state, can if possible is None else possible)
    return DONE


@pytest.mark.parametrize(("verb", "obstacle"), CASES)
def test_a_verb_in_each_state_with_an_obstacle(verb: str, obstacle: str) -> None:
    changes = OBSTACLES[obstacle][0]
    answers = {state: ask(guards, verb, situation(state, **changes)) for state in State.values}
    assert answers == {state: expected_of(verb, state, obstacle) for state in State.values}


def test_the_grid_contains_every_verb_and_state() -> None:
    assert tuple(guards.rules()) == VERBS
    assert State.values == HEAD


@pytest.mark.parametrize("state", State.values)
def test_a_raised_curtain_is_lowered_and_raised_again_without_effect(state: str) -> None:
    now = situation(state, curtain_raised=True)
    answers = [ask(guards, verb, now) for verb in ("raise", "lower")]
    if EXPECTED["raise", state] == "no":
        assert all(isinstance(answer, Refused) for answer in answers)
    else:
        assert answers == ["Its curtain is raised already.", DONE]


RUNS = {"channel_state": "running", "channel_desired": "running"}
BESIDE = {**RUNS, "other_on_air": "keynote", "other_state": "running"}
NOTHING = "No breakout runs on its channel that it could take over from."
# The situation of an idle or failed breakout that is to take over, and the refusal: its sentence and state.
TAKE_OVER: dict[str, tuple[dict[str, Any], tuple[str, str, list[str] | None] | None]] = {
    "another runs": (BESIDE, None),
    "another is starting": (
        {**BESIDE, "other_state": "starting"},
        ("The breakout 'keynote' is starting on its channel. Wait until it runs.", "starting", None),
    ),
    "nothing on air": (RUNS, (NOTHING, "", ["start"])),
    "channel gone": ({**BESIDE, "channel_state": "", "channel_desired": ""}, (GONE, "deleted", None)),
    "channel starting again": (
        {**BESIDE, "channel_state": "starting"},
        ("Its channel is starting. It can be taken over while the channel is running.", "starting", None),
    ),
    "channel failed while MediaLive runs": (
        {**BESIDE, "channel_state": "failed"},
        ("Its channel is failed. It can be taken over while the channel is running.", "failed", None),
    ),
}


@pytest.mark.parametrize("case", TAKE_OVER)
@pytest.mark.parametrize("state", State.values)
def test_take_over(case: str, state: str) -> None:
    fields, refused = TAKE_OVER[case]
    now = situation(state, **fields)
    answer: Answer = DONE
    if EXPECTED["take-over", state] == "same":
        answer = f"It is {state} already."
    elif EXPECTED["take-over", state] == "no":
        sentence = f"It is {state}; this is possible only while it is {ONLY['take-over']}."
        answer = Refused(sentence, state, guards.possible(now))
    elif refused is not None:
        sentence, whose, possible = refused
        answer = Refused(sentence, whose or state, guards.possible(now) if possible is None else possible)
    assert ask(guards, "take-over", now) == answer


@pytest.mark.parametrize(
    "changes",
    [{"channel_state": "pending"}, {"channel_state": "failed"}, {"places": Places(1, 1)}],
    ids=["pending", "failed", "no-place"],
)
def test_a_start_that_is_refused_is_not_named_instead_of_a_take_over(changes: dict[str, Any]) -> None:
    now = situation("idle", **changes)
    answer = ask(guards, "take-over", now)
    assert answer == Refused(NOTHING, "idle", guards.possible(now))
    assert "start" not in guards.possible(now)


def test_a_take_over_is_not_named_before_the_channel_runs() -> None:
    now = situation("idle", channel_state="starting", other_on_air="keynote", other_state="running")
    assert ask(guards, "start", now) == Refused(TAKEN, "idle", ["stop the other breakout"])


def test_who_finds_the_channel_taken_is_told_about_take_over() -> None:
    answer = ask(guards, "start", situation("idle", **BESIDE))
    assert answer == Refused(TAKEN, "idle", ["take-over", "stop the other breakout"])


def test_without_a_duration_there_is_nothing_to_extend() -> None:
    sentence = "It has no planned duration that could be extended: it runs until it is stopped."
    now = situation("running", has_duration=False)
    assert ask(guards, "extend", now) == Refused(sentence, "running", guards.possible(now))


@pytest.mark.parametrize(
    ("state", "possible"),
    [
        ("idle", ["prepare", "start", "curtain", "cancel", "schedule", "extend", "edit"]),
        ("starting", ["prepare", "curtain", "stop", "cancel", "schedule", "extend", "edit"]),
        ("running", ["prepare", "curtain", "stop", "schedule", "extend", "edit"]),
        ("stopping", ["curtain", "stop", "edit"]),
        ("completed", ["edit"]),
        ("cancelled", ["edit"]),
        ("failed", ["prepare", "start", "curtain", "stop", "edit"]),
    ],
)
def test_what_is_possible_in_a_state(state: str, possible: list[str]) -> None:
    assert guards.possible(situation(state)) == possible
    assert guards.possible(situation(state, curtain_raised=True)) == possible


def test_what_is_possible_depends_on_the_obstacles() -> None:
    possible = guards.possible(situation("idle", channel_state="pending"))
    assert possible == ["prepare", "curtain", "cancel", "schedule", "extend", "edit"]


def test_a_start_is_accepted_in_these_channel_states() -> None:
    accepted = [
        state
        for state in ChannelState.values
        if ask(guards, "start", situation("idle", channel_state=state)) == DONE
    ]
    assert accepted == ["idle", "starting", "running", "stopping"]


def test_the_refusal_of_a_field_or_a_link_names_the_verbs_of_the_breakout() -> None:
    running, idle = situation("running"), situation("idle")
    assert ask(guards.PLAN_TABLE, "starts_at", running) == Refused(
        "It is running: it cannot begin at another time any more.", "running", guards.possible(running)
    )
    assert ask(guards.LINKS, "playback", idle) == Refused(
        "It is idle; this is possible only while it is running.", "idle", guards.possible(idle)
    )
