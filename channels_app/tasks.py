"""Celery's way in to what channels need now and then."""

from celery import shared_task

from channels_app import jobs, safety, tidy
from streamhub.task_names import TaskName


@shared_task(name=TaskName.TIDY_SECURITY_GROUPS)
def tidy_security_groups() -> None:
    jobs.TIDY_SECURITY_GROUPS.run(lambda run: run.say(tidy.tidy_security_groups()))


@shared_task(name=TaskName.COST_SAFETY)
def cost_safety() -> None:
    jobs.COST_SAFETY.run(lambda run: run.say(safety.watch()))
