"""The periodic job of recordings."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

LIST_RECORDINGS = PeriodicJob(
    "list_recordings",
    TaskName.LIST_RECORDINGS,
    lambda: settings.METRICS_SECONDS,
    purpose=_("find the files of recordings"),
)
