"""The periodic jobs of webhooks. Sending is urgent: ten thousand deletions must not delay an alarm."""

from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import QueueName, TaskName

SEND_WEBHOOKS = PeriodicJob(
    "send_webhooks",
    TaskName.SEND_WEBHOOKS,
    lambda: 5,
    purpose=_("send events to webhook endpoints"),
    queue=QueueName.URGENT,
    lease_seconds=60,
)
PURGE_EVENTS = PeriodicJob(
    "purge_events",
    TaskName.PURGE_EVENTS,
    lambda: 3600,
    purpose=_("delete events that everybody had long ago"),
    required=False,
)

PERIODIC_JOBS = (SEND_WEBHOOKS, PURGE_EVENTS)
