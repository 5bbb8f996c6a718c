"""Celery's way in to drift."""

from celery import shared_task

from drift import reading
from streamhub.lifecycle import jobs

JOB = "drift"
TASK = "drift.read"
EVERY_SECONDS = 3600


@shared_task(name=TASK, soft_time_limit=300, time_limit=330)
def drift_report() -> None:
    """Count what differs and note since when; people act on it. Hourly, and when somebody asks."""
    jobs.run(JOB, lambda run: run.say(reading.take_as_asked().summary), seconds=330)


jobs.register(jobs.Periodic(JOB, TASK, lambda: EVERY_SECONDS))
