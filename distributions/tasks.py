"""Celery's way in to the reaper, and to the look at the MediaManager distribution."""

import logging

from celery import shared_task
from django.conf import settings

from distributions import mediamanager
from distributions.reaper import delete_stale
from streamhub.errors import AwsError
from streamhub.lifecycle import jobs

log = logging.getLogger(__name__)

NAME = "delete_stale_distributions"


@shared_task(name=f"distributions.{NAME}", soft_time_limit=600, time_limit=660)
def delete_stale_distributions() -> None:
    try:
        with jobs.single(NAME, seconds=180) as run:
            if run:
                delete_stale(run)
    except AwsError as error:  # stands on the job; the next run takes what is left
        log.warning("Stale distributions could not be deleted: %s", error)


jobs.register(jobs.Periodic(NAME, f"distributions.{NAME}", lambda: settings.REAPER_SECONDS))


@shared_task(name=f"distributions.{mediamanager.JOB}")
def look_at_mediamanager() -> None:
    with jobs.single(mediamanager.JOB) as run:
        if run:
            mediamanager.look(run)


jobs.register(
    jobs.Periodic(
        mediamanager.JOB, f"distributions.{mediamanager.JOB}", lambda: settings.FULL_OBSERVE_SECONDS
    )
)
jobs.at_bootstrap(mediamanager.mediamanager_register)
