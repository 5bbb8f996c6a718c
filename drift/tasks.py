"""Celery's way in to drift."""

from celery import shared_task

from drift import jobs, reading
from streamhub.task_names import TaskName


@shared_task(name=TaskName.READ_DRIFT, soft_time_limit=300, time_limit=330)
def drift_report() -> None:
    """Count what differs and note since when; people act on it. Hourly, and when somebody asks."""
    jobs.READ_DRIFT.run(lambda run: run.say(reading.take_as_asked().summary))
