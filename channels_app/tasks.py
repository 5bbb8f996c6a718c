"""Celery's way in to what channels need now and then."""

from celery import shared_task
from django.conf import settings

from channels_app import safety
from channels_app.services import security_groups_release_unused
from streamhub.lifecycle import jobs

NAME = "tidy_security_groups"
SAFETY = "cost_safety"


@shared_task(name=f"channels_app.{NAME}")
def tidy_security_groups() -> None:
    """Release rows that no channel uses. Groups that are no row's own are drift's."""
    jobs.run(NAME, lambda run: run.say(f"{security_groups_release_unused()} rows released"))


@shared_task(name=f"channels_app.{SAFETY}")
def cost_safety() -> None:
    jobs.run(SAFETY, lambda run: run.say(safety.watch()))


jobs.register(jobs.Periodic(SAFETY, f"channels_app.{SAFETY}", lambda: 60))
jobs.register(jobs.Periodic(NAME, f"channels_app.{NAME}", lambda: settings.FULL_OBSERVE_SECONDS))
