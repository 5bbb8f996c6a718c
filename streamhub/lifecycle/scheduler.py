"""The scheduler of `celery beat`: django-celery-beat's, with a heartbeat of its own.

An outage of the database does not end it.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import Error
from django_celery_beat.schedulers import DatabaseScheduler

from streamhub.lifecycle.heartbeat import BeatsOnTick
from streamhub.postgresql.outages import unavailable

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Scheduler(BeatsOnTick, DatabaseScheduler):
    """Sends what is due. While the database is away it goes on with the schedule that it has."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due now; the seconds until the next call."""
        try:
            return float(super().tick(*args, **kwargs))
        except Error as error:
            if not unavailable(error):
                raise
            log.warning("Beat could not read its schedule, because the database is away: %s", error)
            # The change that it was about to read is not forgotten: the next tick reads everything.
            self._last_full_sync = datetime.min
            return RETRY_SECONDS
