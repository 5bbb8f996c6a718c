"""The rate at which distributions can be deleted."""

from __future__ import annotations

from streamhub.aws.call_queue import QueueState
from streamhub.aws.session import current_session
from streamhub.errors import EmbeddedNotRunning, Misconfigured

# The line for the rate limit never runs empty, though a worker may come late.
SPARE = 1.1
# While AWS's limit is not known, the rate grows with every call: rows must be there to try it.
GROWING = 2.0


def deletions() -> QueueState | None:
    """The rate and the line of deletions now; None without a rate limit or without an AWS."""
    try:
        session = current_session()
    except (EmbeddedNotRunning, Misconfigured):
        return None
    return session.queue_state("cloudfront", "DeleteDistribution")


def handing_over() -> float | None:
    """How many rows a second to hand to the workers; None without a rate limit."""
    state = deletions()
    if state is None:
        return None
    growing = GROWING if not state.throttled else 1.0
    return SPARE * min(state.ceiling, growing * state.per_second)
