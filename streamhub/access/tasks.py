"""Periodic tasks of access."""

from celery import shared_task

from streamhub.access import services, users
from streamhub.task_names import TaskName


@shared_task(name=TaskName.IDEMPOTENCY_PURGE)
def idempotency_purge() -> None:
    """Delete the expired answers of idempotency keys, and the expired sessions."""
    services.idempotency_purge()
    users.sessions_purge()
