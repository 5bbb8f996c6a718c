"""Little headroom, and how long to wait before a create is tried on a full quota. Functions of values."""

from __future__ import annotations

from datetime import timedelta

FIRST_TRY = timedelta(minutes=5)
FIRST_TRY_UNCOUNTED = timedelta(seconds=15)
SELDOM = timedelta(hours=1)
FEW = 5


def is_little(limit: int, headroom: int) -> bool:
    """Whether less than a tenth or fewer than five are left.

    Of a quota so small that four are half of it, more than half is not little.
    """
    return 10 * headroom < limit or (headroom < FEW and 2 * headroom <= limit)


def try_after(tries: int, *, counted: bool) -> timedelta:
    """How long after the last try the next create is sent although the quota is said to be full.

    `counted`: the count says so too: then 5 minutes and longer. Else AWS alone says it, for a reason that
    nobody sees and that may soon be over: 15 seconds and longer. An hour at most.
    """
    first = FIRST_TRY if counted else FIRST_TRY_UNCOUNTED
    return min(SELDOM, first * 2 ** min(tries, 10))
