"""Celery task: read the limits of the account."""

from celery import shared_task

from streamhub.quotas import limits
from streamhub.quotas.jobs import READ_QUOTAS
from streamhub.task_names import TaskName


@shared_task(name=TaskName.READ_QUOTAS)
def read_quotas() -> None:
    READ_QUOTAS.run(limits.read)
