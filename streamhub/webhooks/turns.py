"""What the job does: new events become deliveries, old deliveries fail, endpoints get their turn."""

from __future__ import annotations

import logging

from django.db.models.functions import Now

from streamhub.clock import from_now
from streamhub.lifecycle import wake
from streamhub.lifecycle.lease import JobRun
from streamhub.task_names import QueueName, TaskName
from streamhub.webhooks.delivery import due_endpoints
from streamhub.webhooks.models import Delivery, DeliveryState, Endpoint
from streamhub.webhooks.patience import GIVE_UP_AFTER
from streamhub.webhooks.spreading import spread

log = logging.getLogger(__name__)

# An endpoint that took longer for its last request does not get a worker before urgent steps do.
QUICK_MS = 1000


def send_webhooks(run: JobRun) -> None:
    events = spread(run.extend)
    failed = give_up()
    endpoints = list(due_endpoints())
    for endpoint in endpoints:
        wake_endpoint(endpoint)
    run.say(f"events {events}, endpoints with a turn {len(endpoints)}, given up {failed}")


def give_up() -> int:
    """Deliveries that were tried for days have failed. Untried ones and a paused endpoint's wait on."""
    tried = Delivery.objects.filter(state=DeliveryState.WAITING, attempts__gt=0, endpoint__active=True)
    old = tried.filter(due_since__lt=from_now(-GIVE_UP_AFTER))
    return old.update(state=DeliveryState.FAILED, state_since=Now())


def wake_endpoint(endpoint: Endpoint) -> None:
    """Give it a turn. A lost message costs the seconds to the job's next run."""
    quick = not endpoint.failures and endpoint.last_duration_ms <= QUICK_MS
    try:
        wake.send(TaskName.SEND_TO_ENDPOINT, [endpoint.pk], QueueName.URGENT if quick else QueueName.BULK)
    except wake.BROKER_ERRORS as error:
        log.warning("The broker did not accept the turn of webhook %s: %s", endpoint.pk, error)
