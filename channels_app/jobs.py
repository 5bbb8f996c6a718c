"""The periodic jobs of channels."""

from django.conf import settings

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

COST_SAFETY = PeriodicJob("cost_safety", TaskName.COST_SAFETY, lambda: 60)
TIDY_SECURITY_GROUPS = PeriodicJob(
    "tidy_security_groups", TaskName.TIDY_SECURITY_GROUPS, lambda: settings.FULL_OBSERVE_SECONDS
)

PERIODIC_JOBS = (COST_SAFETY, TIDY_SECURITY_GROUPS)
