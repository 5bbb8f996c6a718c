"""When an observation of AWS is too old to rely on.

To show it: after two of its periods, so one may be missed. The period is `FULL_OBSERVE_SECONDS` for what the
observer and the steps read; rarer readers pass their own. To act on it: after `OBSERVE_SECONDS`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from streamhub.clock import database_now
from streamhub.lifecycle.models import Listing

FRESH_PERIODS = 2


def is_fresh(
    observed_at: datetime | None, *, every_seconds: int | None = None, now: datetime | None = None
) -> bool:
    """Whether an observation at that time is recent enough at `now` (None: now). False for None."""
    if observed_at is None:
        return False
    period = timedelta(seconds=every_seconds or settings.FULL_OBSERVE_SECONDS)
    return (now or database_now()) - observed_at <= FRESH_PERIODS * period


def last_answer(described_at: datetime | None, key: str) -> datetime | None:
    """When AWS last answered about a row: the later of its own describe and the list `key`. None: never."""
    listed = Listing.objects.filter(key=key).values_list("listed_at", flat=True).first()
    return max(filter(None, (described_at, listed)), default=None)


def is_recent(read_at: datetime | None) -> bool:
    """Whether a step may act on what was read then, without reading it again."""
    return read_at is not None and database_now() - read_at <= timedelta(seconds=settings.OBSERVE_SECONDS)
