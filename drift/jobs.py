"""The periodic job of drift: it runs hourly and on request."""

from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

READ_DRIFT = PeriodicJob(
    "drift",
    TaskName.READ_DRIFT,
    lambda: 3600,
    purpose=_("compare AWS with the database and remove duplicates"),
    lease_seconds=330,
)
