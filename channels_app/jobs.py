"""The periodic jobs of channels."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import QueueName, TaskName

CHECK_COSTS = PeriodicJob(
    "check_costs",
    TaskName.CHECK_COSTS,
    lambda: 60,
    purpose=_("look for channels that cost money without need"),
)
RELEASE_UNUSED_SECURITY_GROUPS = PeriodicJob(
    "release_unused_security_groups",
    TaskName.RELEASE_UNUSED_SECURITY_GROUPS,
    lambda: settings.FULL_OBSERVE_SECONDS,
    purpose=_("delete security groups that no channel uses"),
)
RUN_SCHEDULE = PeriodicJob(
    "run_schedule",
    TaskName.RUN_SCHEDULE,
    lambda: 20,
    purpose=_("prepare, warm up, start, warn about and stop breakouts as planned"),
    queue=QueueName.URGENT,
)

WATCH_INPUTS = PeriodicJob(
    "watch_inputs",
    TaskName.WATCH_INPUTS,
    lambda: 15,
    purpose=_("ask AWS what the channels that run receive"),
    queue=QueueName.URGENT,
)

CHECK_RECORDING_BUCKET = PeriodicJob(
    "check_recording_bucket",
    TaskName.CHECK_RECORDING_BUCKET,
    lambda: 60,
    purpose=_("look whether MediaLive can write recordings"),
    required=False,
)

PERIODIC_JOBS = (
    CHECK_COSTS,
    RUN_SCHEDULE,
    WATCH_INPUTS,
    CHECK_RECORDING_BUCKET,
    RELEASE_UNUSED_SECURITY_GROUPS,
)
