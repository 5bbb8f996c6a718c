"""The Celery tasks of channels."""

from celery import shared_task
from django.template.defaultfilters import pluralize

from channels_app import cost_alarms, jobs, schedule_run
from channels_app.driver import recording_bucket, watching
from channels_app.services import security_groups_release_unused
from streamhub.lifecycle.lease import JobRun
from streamhub.task_names import TaskName


@shared_task(name=TaskName.RELEASE_UNUSED_SECURITY_GROUPS)
def release_unused_security_groups() -> None:
    """Delete the security groups that no channel uses. The app `drift` handles groups without a row."""

    def release(run: JobRun) -> None:
        count = security_groups_release_unused()
        run.say(f"{count} unused security group{pluralize(count)} released")

    jobs.RELEASE_UNUSED_SECURITY_GROUPS.run(release)


@shared_task(name=TaskName.CHECK_COSTS)
def check_costs() -> None:
    jobs.CHECK_COSTS.run(lambda run: run.say(cost_alarms.check_costs()))


@shared_task(name=TaskName.RUN_SCHEDULE)
def run_schedule() -> None:
    jobs.RUN_SCHEDULE.run(schedule_run.run_schedule)


@shared_task(name=TaskName.WATCH_INPUTS)
def watch_inputs() -> None:
    jobs.WATCH_INPUTS.run(watching.watch)


@shared_task(name=TaskName.CHECK_RECORDING_BUCKET)
def check_recording_bucket() -> None:
    jobs.CHECK_RECORDING_BUCKET.run(recording_bucket.check_recording_bucket)
