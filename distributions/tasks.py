"""Celery's way in to the reaper, and to the look at the MediaManager distribution."""

from celery import shared_task
from django.conf import settings

from distributions import mediamanager
from distributions.reaper import delete_stale
from streamhub.lifecycle import jobs

NAME = "delete_stale_distributions"


@shared_task(name=f"distributions.{NAME}", soft_time_limit=600, time_limit=660)
def delete_stale_distributions() -> None:
    jobs.run(NAME, delete_stale, seconds=180)


jobs.register(jobs.Periodic(NAME, f"distributions.{NAME}", lambda: settings.REAPER_SECONDS))


@shared_task(name=f"distributions.{mediamanager.JOB}")
def look_at_mediamanager() -> None:
    jobs.run(mediamanager.JOB, mediamanager.look)


jobs.register(
    jobs.Periodic(
        mediamanager.JOB, f"distributions.{mediamanager.JOB}", lambda: settings.FULL_OBSERVE_SECONDS
    )
)
jobs.at_bootstrap(mediamanager.mediamanager_register)
