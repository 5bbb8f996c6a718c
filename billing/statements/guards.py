"""What may be done with a statement in which state: the one table, for services, pages and the API."""

from __future__ import annotations

from streamhub.errors import NotPossible
from streamhub.translation import gettext as _

DRAFT, ISSUED = "draft", "issued"

_ALLOWED = {"recompute": DRAFT, "discard": DRAFT, "issue": DRAFT, "void": ISSUED}
_DONE = {
    "recompute": "recomputed",
    "discard": "discarded",
    "issue": "issued",
    "void": "voided",
}


def refusal(verb: str, state: str, at_work: str = "") -> str | None:
    """Why the verb is not possible in this state; None: it is.

    `at_work`: how far a draft is that a job makes or issues.
    """
    allowed = _ALLOWED[verb]
    if state == allowed:
        return (
            _("%(at_work)s Wait for it, or discard the draft.") % {"at_work": at_work}
            if at_work and verb != "discard"
            else None
        )
    what = {"draft": _("a draft"), "issued": _("an issued statement")}[allowed]
    return _("It is %(state)s: only %(what)s can be %(done)s.") % {
        "state": _(state),
        "what": what,
        "done": _DONE[verb],
    }


def check(verb: str, state: str, at_work: str = "") -> None:
    """Raises NotPossible with the refusal."""
    if sentence := refusal(verb, state, at_work):
        possible = ["discard"] if at_work else [name for name in _ALLOWED if _ALLOWED[name] == state]
        raise NotPossible(sentence, state=state, possible=possible)
