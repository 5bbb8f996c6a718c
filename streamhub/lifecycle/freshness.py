"""When an observation of AWS is too old to be relied on.

What is looked at regularly is fresh until a look was missed: for two of its periods. The period is
`FULL_OBSERVE_SECONDS` for what the observer and the steps read; who looks more rarely names its own.
(When a process is silent is `heartbeat`'s to say.)
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

FRESH_PERIODS = 2


def is_fresh(observed_at: datetime | None, *, every_seconds: int | None = None) -> bool:
    """Whether that observation may still be relied on; not if there was none."""
    if observed_at is None:
        return False
    period = timedelta(seconds=every_seconds or settings.FULL_OBSERVE_SECONDS)
    return timezone.now() - observed_at <= FRESH_PERIODS * period
