"""Evaluates a table of rules as services and as pages do. Both must get the same answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from streamhub.errors import NotPossible

DONE = "done"


class Refused(NamedTuple):
    """The content of a refusal."""

    sentence: str
    state: str
    possible: list[str]


Answer = str | Refused


def ask(guards: Any, verb: str, now: Any) -> Answer:
    """`DONE`, the sentence for a verb without effect, or the refusal."""
    sentence = guards.refusal(verb, now)
    try:
        done = guards.check(verb, now)
    except NotPossible as error:
        refused = Refused(error.detail, error.state, error.possible)
    else:
        assert done == (sentence is None)
        return DONE if done else sentence
    assert sentence == refused.sentence
    return refused
