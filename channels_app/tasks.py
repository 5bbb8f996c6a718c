"""Celery's way in to what channels need now and then."""

from celery import shared_task

from channels_app import cost_alarms, jobs
from channels_app.services import security_groups_release_unused
from streamhub.task_names import TaskName


@shared_task(name=TaskName.TIDY_SECURITY_GROUPS)
def tidy_security_groups() -> None:
    """Release rows that no channel uses. Groups that are no row's own are drift's."""
    jobs.TIDY_SECURITY_GROUPS.run(lambda run: run.say(f"{security_groups_release_unused()} rows released"))


@shared_task(name=TaskName.COST_SAFETY)
def cost_safety() -> None:
    jobs.COST_SAFETY.run(lambda run: run.say(cost_alarms.check_costs()))
