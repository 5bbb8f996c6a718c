"""The life cycle's own periodic jobs."""

from django.conf import settings

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

SWEEP = PeriodicJob(
    "sweep",
    TaskName.SWEEP,
    lambda: settings.SWEEP_SECONDS,
    purpose="carry out starts, stops, creations and deletions that are due",
    queue="urgent",
    lease_seconds=30,
)
# A task runs for at most CELERY_TASK_TIME_LIMIT (55 s), so a dead worker's lease need not last longer.
OBSERVE = PeriodicJob(
    "observe",
    TaskName.OBSERVE,
    lambda: settings.OBSERVE_SECONDS,
    purpose="read the state of AWS",
    queue="urgent",
    lease_seconds=60,
)

PERIODIC_JOBS = (SWEEP, OBSERVE)
