"""Celery's way in to what channels need now and then."""

from celery import shared_task
from django.conf import settings

from channels_app import drift, recordings, safety, tidy
from streamhub.lifecycle import jobs

NAME = "tidy_security_groups"
DRIFT = "drift"
SAFETY = "cost_safety"
RECORDINGS = "list_recordings"


@shared_task(name=f"channels_app.{NAME}")
def tidy_security_groups() -> None:
    jobs.run(NAME, lambda run: run.say(tidy.tidy_security_groups()))


@shared_task(name=f"channels_app.{DRIFT}", soft_time_limit=300, time_limit=330)
def drift_report() -> None:
    """Count what differs and note since when; people act on it. Hourly, and when somebody asks."""
    jobs.run(DRIFT, lambda run: run.say(drift.take_as_asked().summary), seconds=330)


@shared_task(name=f"channels_app.{RECORDINGS}", soft_time_limit=300, time_limit=330)
def list_recordings() -> None:
    jobs.run(RECORDINGS, recordings.list_due)


jobs.register(jobs.Periodic(RECORDINGS, f"channels_app.{RECORDINGS}", lambda: settings.METRICS_SECONDS))


@shared_task(name=f"channels_app.{SAFETY}")
def cost_safety() -> None:
    jobs.run(SAFETY, lambda run: run.say(safety.watch()))


jobs.register(jobs.Periodic(SAFETY, f"channels_app.{SAFETY}", lambda: 60))
jobs.register(jobs.Periodic(DRIFT, f"channels_app.{DRIFT}", lambda: 3600))
jobs.register(jobs.Periodic(NAME, f"channels_app.{NAME}", lambda: settings.FULL_OBSERVE_SECONDS))
