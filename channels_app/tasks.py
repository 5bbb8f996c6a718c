"""Celery's way in to what channels need now and then."""

import logging

from celery import shared_task
from django.conf import settings

from channels_app import drift, recordings, safety, tidy
from streamhub.errors import AwsError
from streamhub.lifecycle import jobs

log = logging.getLogger(__name__)

NAME = "tidy_security_groups"
DRIFT = "drift"
SAFETY = "cost_safety"
RECORDINGS = "list_recordings"


@shared_task(name=f"channels_app.{NAME}")
def tidy_security_groups() -> None:
    try:
        with jobs.single(NAME) as run:
            if run:
                run.say(tidy.tidy_security_groups())
    except AwsError as error:  # stands on the job; the next run tidies
        log.warning("Security groups could not be tidied: %s", error)


@shared_task(name=f"channels_app.{DRIFT}", soft_time_limit=300, time_limit=330)
def drift_report() -> None:
    """Count what differs and note since when; people act on it. Hourly, and when somebody asks."""
    with jobs.single(DRIFT, seconds=330) as run:
        if run:
            run.say(drift.take_as_asked().summary)


@shared_task(name=f"channels_app.{RECORDINGS}", soft_time_limit=300, time_limit=330)
def list_recordings() -> None:
    with jobs.single(RECORDINGS, seconds=120) as run:
        if run:
            recordings.list_due(run)


jobs.register(jobs.Periodic(RECORDINGS, f"channels_app.{RECORDINGS}", lambda: settings.METRICS_SECONDS))


@shared_task(name=f"channels_app.{SAFETY}")
def cost_safety() -> None:
    with jobs.single(SAFETY) as run:
        if run:
            run.say(safety.watch())


jobs.register(jobs.Periodic(SAFETY, f"channels_app.{SAFETY}", lambda: 60))
jobs.register(jobs.Periodic(DRIFT, f"channels_app.{DRIFT}", lambda: 3600))
jobs.register(jobs.Periodic(NAME, f"channels_app.{NAME}", lambda: settings.FULL_OBSERVE_SECONDS))
