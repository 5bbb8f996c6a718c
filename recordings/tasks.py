"""Celery's way in to what recordings need now and then."""

from celery import shared_task
from django.conf import settings

from recordings import listing
from streamhub.lifecycle import jobs

JOB = "list_recordings"
TASK = "recordings.list_recordings"


@shared_task(name=TASK, soft_time_limit=300, time_limit=330)
def list_recordings() -> None:
    jobs.run(JOB, listing.list_due)


jobs.register(jobs.Periodic(JOB, TASK, lambda: settings.METRICS_SECONDS))
