"""The periodic job of drift: hourly, and when somebody asks."""

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

READ_DRIFT = PeriodicJob("drift", TaskName.READ_DRIFT, lambda: 3600, lease_seconds=330)
