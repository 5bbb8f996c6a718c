"""The periodic job of quotas. It runs often and reads seldom: `limits` says what is due."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

READ_QUOTAS = PeriodicJob(
    "read_quotas",
    TaskName.READ_QUOTAS,
    lambda: settings.FULL_OBSERVE_SECONDS,
    purpose=_("read how much of each quota of the AWS account is left"),
    required=False,
)

PERIODIC_JOBS = (READ_QUOTAS,)
