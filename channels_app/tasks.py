"""Celery's way in to what channels need now and then."""

from celery import shared_task
from django.conf import settings

from channels_app import tidy
from streamhub.lifecycle import jobs

NAME = "tidy_security_groups"


@shared_task(name=f"channels_app.{NAME}")
def tidy_security_groups() -> None:
    with jobs.single(NAME) as run:
        if run:
            run.say(tidy.tidy_security_groups())


jobs.register(jobs.Periodic(NAME, f"channels_app.{NAME}", lambda: settings.FULL_OBSERVE_SECONDS))
