"""The periodic jobs of alarms. Most are urgent: ten thousand deletions must not delay an alarm."""

from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import QueueName, TaskName

CHECK_ALARMS = PeriodicJob(
    "check_alarms",
    TaskName.CHECK_ALARMS,
    lambda: 10,
    purpose=_("open and resolve alarms"),
    queue=QueueName.URGENT,
    lease_seconds=60,
)
SEND_NOTICES = PeriodicJob(
    "send_notices",
    TaskName.SEND_NOTICES,
    lambda: 10,
    purpose=_("send the notices about alarms"),
    queue=QueueName.URGENT,
    lease_seconds=60,
)
CALL_HEARTBEAT_URL = PeriodicJob(
    "call_heartbeat_url",
    TaskName.CALL_HEARTBEAT_URL,
    lambda: 60,
    purpose=_("tell the dead man's switch that alarms are looked after"),
    queue=QueueName.URGENT,
    lease_seconds=60,
)
PURGE_ALARMS = PeriodicJob(
    "purge_alarms",
    TaskName.PURGE_ALARMS,
    lambda: 3600,
    purpose=_("delete alarms that were resolved long ago"),
    required=False,
)

PERIODIC_JOBS = (CHECK_ALARMS, SEND_NOTICES, CALL_HEARTBEAT_URL, PURGE_ALARMS)
