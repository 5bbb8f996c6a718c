"""When an observation of AWS is too old to rely on: after two of its periods, so one may be missed.

The period is `FULL_OBSERVE_SECONDS` for what the observer and the steps read; rarer readers pass their own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from streamhub.clock import database_now

FRESH_PERIODS = 2


def is_fresh(
    observed_at: datetime | None, *, every_seconds: int | None = None, now: datetime | None = None
) -> bool:
    """Whether an observation at that time is recent enough at `now` (None: now). False for None."""
    if observed_at is None:
        return False
    period = timedelta(seconds=every_seconds or settings.FULL_OBSERVE_SECONDS)
    return (now or database_now()) - observed_at <= FRESH_PERIODS * period
