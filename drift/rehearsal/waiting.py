"""Waiting for the workers: look at rows until it is so, something is in the way, or the deadline is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import Error

from drift.rehearsal.interruption import Interruption
from drift.rehearsal.outcome import StepError, StepFailed
from streamhub.lifecycle.expectation import span
from streamhub.lifecycle.health import Group, facts
from streamhub.postgresql.outages import unavailable

T = TypeVar("T")
PAUSE_SECONDS = 0.5
# How often it is asked whether workers and beat are alive, and the lease is kept.
CHECK_SECONDS = 10.0
PROCESSES = (Group.BROKER, Group.WORKERS, Group.BEAT)


@dataclass(frozen=True)
class Look:
    """One look. `now`: what goes on. `done`: how it ended; None: not yet. `failure`: what is in the way.

    `grace`: seconds for which the failure may stand. `pause`: seconds until the next look.
    """

    now: str
    done: str | None = None
    failure: StepError | None = None
    grace: float = 0.0
    pause: float = PAUSE_SECONDS


def ill() -> str:
    """Which of the processes that carry steps out are not alive, "" if all are."""
    wrong = [fact for fact in facts() if fact.group in PROCESSES and fact.ok is False and fact.needed]
    return " ".join(fact.detail for fact in wrong)


@dataclass
class Waiter:
    """Looks until the end. `keep` prolongs the lease, False: it was lost. `say` tells a line of progress."""

    interruption: Interruption
    keep: Callable[[], bool]
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def until(self, look: Callable[[], Look], seconds: float, *, closing: bool) -> str:
        """Returns how it ended. Raises `StepFailed`; not because of an interruption while `closing`."""
        began = check_at = self.clock()
        unwell, failing_at = "", None
        while True:
            if not closing and self.interruption.asked:
                raise StepFailed(StepError("interrupted", f"{self.interruption.by} asked to end."))
            seen, now = _surviving(look, Look("The database does not answer now.")), self.clock()
            if seen.done is not None:
                return seen.done
            if now >= check_at:
                check_at, unwell = now + CHECK_SECONDS, _surviving(ill, "")
                self._keep(closing)
            self.say(" ".join(filter(None, (seen.now, unwell))))
            failing_at = None if seen.failure is None else now if failing_at is None else failing_at
            if seen.failure is not None and failing_at is not None and now - failing_at >= seen.grace:
                raise StepFailed(seen.failure)
            if now - began >= seconds:
                raise StepFailed(_overrun(seen, seconds, unwell))
            self.pause(seen.pause)

    def _keep(self, closing: bool) -> None:
        """Keep the lease. Whoever lost it has still to clean up."""
        if not _surviving(self.keep, True) and not closing:
            said = "Another rehearsal began, because this one did not run for a minute."
            raise StepFailed(StepError("lease_lost", said))


def _surviving(read: Callable[[], T], otherwise: T) -> T:
    """What is read; something else while the database is away, as during a failover."""
    try:
        return read()
    except Error as error:
        if not unavailable(error):
            raise
        return otherwise


def _overrun(seen: Look, seconds: float, unwell: str) -> StepError:
    if seen.failure is not None:
        return seen.failure
    waited = span(seconds, seconds)
    return StepError("deadline", f"Not done after {waited}. Last seen: {seen.now} {unwell}".rstrip())
