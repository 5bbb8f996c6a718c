"""Periodic tasks of access."""

from celery import shared_task

from streamhub.access import services
from streamhub.task_names import TaskName


@shared_task(name=TaskName.IDEMPOTENCY_PURGE)
def idempotency_purge() -> None:
    """Delete the expired answers of idempotency keys."""
    services.idempotency_purge()
