"""Celery's way in to the reaper."""

from celery import shared_task
from django.conf import settings

from distributions.reaper import delete_stale
from streamhub.lifecycle import jobs

NAME = "delete_stale_distributions"


@shared_task(name=f"distributions.{NAME}", soft_time_limit=600, time_limit=660)
def delete_stale_distributions() -> None:
    with jobs.single(NAME, seconds=180) as run:
        if run:
            delete_stale(run)


jobs.register(jobs.Periodic(NAME, f"distributions.{NAME}", lambda: settings.REAPER_SECONDS))
