"""Celery tasks: the reaper, reading the MediaManager distribution and the keys that sign for viewers."""

from celery import shared_task
from django.conf import settings

from distributions import jobs, mediamanager
from distributions.driver import headers_policy, origin_header, viewer_keys
from distributions.reaper import delete_stale
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.reading import LISTING_SECONDS
from streamhub.task_names import TaskName


@shared_task(
    name=TaskName.DELETE_STALE_DISTRIBUTIONS,
    soft_time_limit=LISTING_SECONDS,
    time_limit=LISTING_SECONDS + 60,
)
def delete_stale_distributions() -> None:
    jobs.DELETE_STALE_DISTRIBUTIONS.run(delete_stale)


@shared_task(name=TaskName.WATCH_ROTATION)
def watch_rotation() -> None:
    """Which version of the secret of closed origins is in use. Its value is not stored."""
    arn = settings.MEDIAPACKAGE_CDN_SECRET_ARN
    jobs.WATCH_ROTATION.run(lambda run: run.say(origin_header.look(arn)))


@shared_task(name=TaskName.OBSERVE_MEDIAMANAGER)
def observe_mediamanager() -> None:
    jobs.OBSERVE_MEDIAMANAGER.run(mediamanager.look)


@shared_task(name=TaskName.OBSERVE_VIEWER_KEYS)
def observe_viewer_keys() -> None:
    """The keys that sign, and the policy that lets pages play with cookies."""

    def observe(run: JobRun) -> None:
        viewer_keys.observe(run)
        headers_policy.observe(run)

    jobs.OBSERVE_VIEWER_KEYS.run(observe)
