"""What can be done with a breakout in which state: one pure table for API, admin and services."""

from __future__ import annotations

from channels_app.models.breakout import State
from streamhub.errors import NotPossible

# Verbs that change something. "start" and "stop" where they would change nothing stand in REPEATED.
POSSIBLE: dict[str, tuple[str, ...]] = {
    State.IDLE: ("prepare", "start", "curtain", "cancel"),
    State.STARTING: ("prepare", "curtain", "stop", "cancel"),
    State.RUNNING: ("prepare", "curtain", "stop"),
    State.STOPPING: ("curtain",),
    State.COMPLETED: (),
    State.CANCELLED: (),
    State.FAILED: ("prepare", "start", "retry", "stop", "curtain"),
}

# Asked again, these are answered as before and change nothing.
REPEATED: dict[str, frozenset[str]] = {
    "start": frozenset({State.STARTING, State.RUNNING}),
    "stop": frozenset({State.STOPPING, State.COMPLETED}),
    "cancel": frozenset({State.CANCELLED}),
}


def possible(state: str) -> tuple[str, ...]:
    """The verbs that change something in this state."""
    return POSSIBLE[state]


def changes(verb: str, state: str) -> bool:
    """True if the verb is to be carried out, False if it would repeat what is. Raises `NotPossible`."""
    if verb in POSSIBLE[state]:
        return True
    if state in REPEATED.get(verb, frozenset()):
        return False
    can = ", ".join(POSSIBLE[state]) or "nothing any more"
    raise NotPossible(
        f"A breakout that is {state} cannot {_spoken(verb)}. Possible now: {can}.",
        state=state,
        possible=list(POSSIBLE[state]),
    )


def _spoken(verb: str) -> str:
    words = {"start": "be started", "stop": "be stopped", "cancel": "be cancelled", "retry": "be retried"}
    return words.get(verb, "be prepared" if verb == "prepare" else "have its curtain moved")
