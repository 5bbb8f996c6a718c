"""The rate at which distributions can be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from streamhub.aws.call_queue import QueueState
from streamhub.aws.session import current_session
from streamhub.errors import EmbeddedNotRunning, Misconfigured

# The line for the rate limit never runs empty, though a worker may come late.
SPARE = 1.1
# While AWS's limit is not known, the rate grows with every call: rows must be there to try it.
GROWING = 1.5
# How far ahead rows are handed over. While AWS's limit is not known, the next throttle may lower the rate to
# a fraction, and all rows that were handed over at the higher one ask for their call in vain.
AHEAD_SECONDS = 3.0
AHEAD_WHILE_GROWING_SECONDS = 1.5


@dataclass(frozen=True)
class Pace:
    """How many rows a second to hand to the workers, and for how many seconds ahead."""

    per_second: float
    ahead_seconds: float

    @property
    def ahead(self) -> int:
        """How many rows to have handed over."""
        return ceil(self.per_second * self.ahead_seconds)


def deletions() -> QueueState | None:
    """The rate and the line of deletions now; None without a rate limit or without an AWS."""
    try:
        session = current_session()
    except (EmbeddedNotRunning, Misconfigured):
        return None
    return session.queue_state("cloudfront", "DeleteDistribution")


def handing_over() -> Pace | None:
    """How many rows to hand to the workers; None without a rate limit."""
    state = deletions()
    if state is None:
        return None
    if state.throttled or state.per_second >= state.ceiling:
        return Pace(SPARE * min(state.ceiling, state.per_second), AHEAD_SECONDS)
    return Pace(SPARE * min(state.ceiling, GROWING * state.per_second), AHEAD_WHILE_GROWING_SECONDS)
