"""What steps, jobs and beat do while the database is away, as during a failover."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db import Error

from streamhub.postgresql.outages import unavailable

log = logging.getLogger(__name__)

# Longer than most failovers, and within the time of a step (CELERY_TASK_TIME_LIMIT, 55 s). Jobs have longer.
INSIST_SECONDS = 25.0
PAUSE_SECONDS = 0.5


def insist(write: Callable[[], object], what: str) -> None:
    """Do a write that gives something back (a claim, a lease), again and again while the database is away.

    Without it a short outage would hold rows and jobs until their claims and leases end. The worker has
    nothing else to do meanwhile. Raises the error after `INSIST_SECONDS`.
    """
    deadline = time.monotonic() + INSIST_SECONDS
    while True:
        try:
            write()
        except Error as error:
            if not unavailable(error) or time.monotonic() > deadline:
                raise
            log.warning("%s waits for the database: %s", what, error)
            time.sleep(PAUSE_SECONDS)
        else:
            return
