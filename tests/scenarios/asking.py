"""Asking a table of rules as services and pages do; both must be told the same."""

from __future__ import annotations

from typing import Any, NamedTuple

from streamhub.errors import NotPossible

DONE = "done"


class Refused(NamedTuple):
    """What a refusal says."""

    sentence: str
    state: str
    possible: list[str]


Answer = str | Refused


def ask(guards: Any, verb: str, now: Any) -> Answer:
    """`DONE`, the sentence with which it is repeated without effect, or the refusal."""
    shown = guards.refusal(verb, now)
    try:
        done = guards.check(verb, now)
    except NotPossible as no:
        refused = Refused(no.detail, no.state, no.possible)
    else:
        assert done == (shown is None)
        return DONE if done else shown
    assert shown == refused.sentence
    return refused
