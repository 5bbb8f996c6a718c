"""Periodic work of access."""

from celery import shared_task

from streamhub.access import services


@shared_task(name="access.idempotency_purge")
def idempotency_purge() -> None:
    """Throw away the answers kept under idempotency keys that are older than a day."""
    services.idempotency_purge()
