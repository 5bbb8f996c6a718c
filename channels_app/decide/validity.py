"""Until when a viewer's signature lasts. A function of values.

The shows of a channel share their path, so a signature of one plays the next one too while it lasts. So it
ends with the show's plan, and before the next show's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# While the next show waits for this one to end.
NEXT_IS_DUE = timedelta(minutes=5)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Plan:
    """The planned end of the show, and the next planned start on its channel; None: there is none.

    `next_due`: another show should be on air there by now.
    """

    end: datetime | None = None
    next_start: datetime | None = None
    next_due: bool = False


def ends_at(
    now: datetime, plan: Plan, *, tail: timedelta, unplanned: timedelta, asked: int | None
) -> datetime:
    """The end of a signature given at `now`, in whole seconds; at least one second from now.

    `tail`: how long viewers may go on after the planned end. `unplanned`: how long it lasts without a planned
    end, or when the show runs beyond it. `asked`: the seconds that the caller wants; they only shorten it.
    """
    planned = plan.end + tail if plan.end is not None else None
    end = planned if planned is not None and planned > now else now + unplanned
    if plan.next_start is not None:
        end = min(end, plan.next_start - _SECOND)
    if plan.next_due:
        end = min(end, now + NEXT_IS_DUE)
    if asked is not None and asked < (end - now).total_seconds():
        end = now + timedelta(seconds=asked)
    return max(end, now + _SECOND).replace(microsecond=0)
