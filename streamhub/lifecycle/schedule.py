"""The schedule of periodic jobs and the clock: when a job last ran cannot lie in the future.

It does after a restore, or once a clock that was ahead is corrected; the job would then wait as long as the
clock was ahead.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models.functions import Now
from django_celery_beat.models import PeriodicTask

from streamhub.clock import database_now, from_now

log = logging.getLogger(__name__)

# What two readings of the same clock may differ by.
TOLERANCE = timedelta(seconds=1)


def schedule_correct() -> str:
    """Set the last run of jobs that lies in the future to now; returns what was done, in words ("": nothing).

    Beat reads the rows when it starts; a running beat keeps its own and corrects them by itself.
    """
    ahead = dict(
        PeriodicTask.objects.filter(last_run_at__gt=from_now(TOLERANCE)).values_list("name", "last_run_at")
    )
    if not ahead:
        return ""
    seconds = (max(ahead.values()) - database_now()).total_seconds()
    PeriodicTask.objects.filter(name__in=ahead).update(last_run_at=Now())
    jobs = f"{len(ahead)} periodic job{'' if len(ahead) == 1 else 's'}"
    sentence = (
        f"{database_now():%Y-%m-%d %H:%M} UTC: the last run of {jobs} was up to {seconds:.0f} s "
        "in the future. Corrected."
    )
    log.warning("%s Jobs: %s", sentence, ", ".join(sorted(ahead)))
    return sentence
