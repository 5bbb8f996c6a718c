"""What can be done with a distribution now, and why not: pure, for the pages of the admin.

The services have the last word (they look again under the lock); a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

from distributions import owners
from distributions.models import Desired, Distribution, State

VERBS = ("sync", "retry", "detach", "reattach", "keep", "delete")


@dataclass(frozen=True)
class Situation:
    """What the answer depends on. `holds`: names of the on-air breakouts it delivers."""

    state: str
    desired: str
    attached: bool = True
    protected: bool = False
    holds: tuple[str, ...] = ()
    has_error: bool = False


def situation_of(row: Distribution) -> Situation:
    """One query, for the holds."""
    return Situation(
        state=row.state,
        desired=row.desired,
        attached=row.attached,
        protected=row.protected,
        holds=tuple(owners.owner().holds(row)),
        has_error=bool(row.error_code),
    )


def refusal(verb: str, now: Situation) -> str | None:
    """Why the verb is not possible now, in a sentence; None if it is."""
    if verb == "sync":
        return None
    if verb == "retry":
        return None if now.state == State.FAILED or now.has_error else "There is nothing to retry."
    if now.protected:
        return "It is shared and protected; StreamHub never changes it."
    return {"detach": _detach, "reattach": _reattach, "keep": _keep, "delete": _delete}[verb](now)


def possible(now: Situation) -> set[str]:
    """The verbs that are possible now."""
    return {verb for verb in VERBS if refusal(verb, now) is None}


def _held(now: Situation) -> str | None:
    if now.holds:
        return f"It is on air with {', '.join(now.holds)}; stop the breakout first."
    return None


def _detach(now: Situation) -> str | None:
    return _held(now) or (None if now.attached else "It is not attached.")


def _delete(now: Situation) -> str | None:
    if now.attached:
        return _held(now) or "It is attached; detach it first."
    return _held(now) or ("It is being deleted already." if now.desired == Desired.DELETED else None)


def _resting(now: Situation) -> bool:
    return now.state in (State.DISABLING, State.DISABLED)


def _reattach(now: Situation) -> str | None:
    if now.attached:
        return "It is attached."
    return None if _resting(now) else f"Only while disabling or disabled; it is {now.state}."


def _keep(now: Situation) -> str | None:
    if now.desired != Desired.DELETED:
        return "It is not about to be deleted."
    return None if _resting(now) else f"Only while disabling or disabled; it is {now.state}."
