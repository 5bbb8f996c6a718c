"""The periodic jobs of alarms. Most are urgent: ten thousand deletions must not delay an alarm."""

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

CHECK_ALARMS = PeriodicJob(
    "check_alarms", TaskName.CHECK_ALARMS, lambda: 10, queue="urgent", lease_seconds=60
)
SEND_NOTICES = PeriodicJob(
    "send_notices", TaskName.SEND_NOTICES, lambda: 10, queue="urgent", lease_seconds=60
)
CALL_HEARTBEAT_URL = PeriodicJob(
    "call_heartbeat_url", TaskName.CALL_HEARTBEAT_URL, lambda: 60, queue="urgent", lease_seconds=60
)
PURGE_ALARMS = PeriodicJob("purge_alarms", TaskName.PURGE_ALARMS, lambda: 3600, required=False)

PERIODIC_JOBS = (CHECK_ALARMS, SEND_NOTICES, CALL_HEARTBEAT_URL, PURGE_ALARMS)
