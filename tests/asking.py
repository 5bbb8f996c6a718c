"""Asking a table of rules as services and pages do; both must be told the same."""

from __future__ import annotations

from typing import Any

from streamhub.errors import NotPossible


def ask(guards: Any, verb: str, now: Any) -> str | NotPossible:
    """ "done", or the sentence with which it is repeated without effect, or the refusal."""
    shown = guards.refusal(verb, now)
    try:
        done = guards.check(verb, now)
    except NotPossible as no:
        refused = no
    else:
        assert done == (shown is None)
        return "done" if done else shown
    assert shown == refused.detail
    return refused
