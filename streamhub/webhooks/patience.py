"""When to try again: pure functions, in seconds."""

from __future__ import annotations

import random
from datetime import timedelta

# A delivery is tried for so long, and is then a failed one, for a person.
GIVE_UP_AFTER = timedelta(days=5)
LONGEST_WAIT = 4 * 3600
# While an endpoint takes nothing, one of its deliveries is tried this often at least.
LONGEST_PROBE = 300
# So many failures in a row are an outage of the receiver, not a single event that it does not like.
OUTAGE = 3
GONE = 410
# What 4xx says about the receiver and not about the event: a refused key, and what passes.
OF_THE_RECEIVER = (401, 408, GONE, 425, 429)


def delivery_wait(attempts: int) -> float:
    """How long a delivery waits after so many attempts: 5 s, 20 s, 80 s … 4 h."""
    return _jittered(min(5 * 4 ** min(attempts - 1, 10), LONGEST_WAIT))


def endpoint_wait(failures: int, asked: int = 0) -> float:
    """How long an endpoint is left alone after so many failures in a row, or as long as it `asked` for."""
    return max(_jittered(min(5 * 2 ** min(failures - 1, 10), LONGEST_PROBE)), asked)


def refuses(status: int | None, asked: int = 0) -> bool:
    """Whether this answer refuses the one event, and says nothing about others. `asked`: its Retry-After."""
    return status is not None and 400 <= status < 500 and status not in OF_THE_RECEIVER and not asked


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311  not a secret
