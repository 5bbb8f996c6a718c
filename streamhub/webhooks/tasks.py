"""Celery tasks of webhooks."""

from celery import shared_task

from streamhub.task_names import TaskName
from streamhub.webhooks import delivery, jobs, retention, turns
from streamhub.webhooks.models import Endpoint


@shared_task(name=TaskName.SEND_WEBHOOKS)
def send_webhooks() -> None:
    """Write the deliveries of new events, and give endpoints their turn."""
    jobs.SEND_WEBHOOKS.run(turns.send_webhooks)


@shared_task(name=TaskName.SEND_TO_ENDPOINT)
def send_to_endpoint(endpoint_id: int) -> None:
    """Send what is due to one endpoint; if its turn ends before that, it gets another one."""
    if delivery.take_turn(endpoint_id) and (endpoint := Endpoint.objects.filter(pk=endpoint_id).first()):
        turns.wake_endpoint(endpoint)


@shared_task(name=TaskName.PURGE_EVENTS)
def purge_events() -> None:
    jobs.PURGE_EVENTS.run(retention.purge)
