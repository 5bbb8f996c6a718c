"""What may be done with a statement in which state: the one table, for services, pages and the API."""

from __future__ import annotations

from streamhub.errors import NotPossible

DRAFT, ISSUED = "draft", "issued"

_ALLOWED = {"recompute": DRAFT, "discard": DRAFT, "issue": DRAFT, "void": ISSUED}
_DONE = {
    "recompute": "recomputed",
    "discard": "discarded",
    "issue": "issued",
    "void": "voided",
}


def refusal(verb: str, state: str) -> str | None:
    """Why the verb is not possible in this state; None: it is."""
    allowed = _ALLOWED[verb]
    if state == allowed:
        return None
    what = {"draft": "a draft", "issued": "an issued statement"}[allowed]
    return f"It is {state}: only {what} can be {_DONE[verb]}."


def check(verb: str, state: str) -> None:
    """Raises NotPossible with the refusal."""
    if sentence := refusal(verb, state):
        possible = [name for name in _ALLOWED if _ALLOWED[name] == state]
        raise NotPossible(sentence, state=state, possible=possible)
