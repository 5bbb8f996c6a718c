"""The life cycle's own periodic jobs."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import QueueName, TaskName

SWEEP = PeriodicJob(
    "sweep",
    TaskName.SWEEP,
    lambda: settings.SWEEP_SECONDS,
    purpose=_("carry out starts, stops, creations and deletions that are due"),
    queue=QueueName.URGENT,
    lease_seconds=30,
)
# Prolonged while lists are read, however long they are.
OBSERVE = PeriodicJob(
    "observe",
    TaskName.OBSERVE,
    lambda: settings.OBSERVE_SECONDS,
    purpose=_("read the state of AWS"),
    queue=QueueName.URGENT,
    lease_seconds=60,
)

PERIODIC_JOBS = (SWEEP, OBSERVE)
