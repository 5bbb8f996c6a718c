"""Periodic work of access."""

from celery import shared_task

from streamhub.access import services
from streamhub.task_names import TaskName


@shared_task(name=TaskName.IDEMPOTENCY_PURGE)
def idempotency_purge() -> None:
    """Throw away the answers kept under idempotency keys that are older than a day."""
    services.idempotency_purge()
