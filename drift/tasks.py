"""Celery's way in to drift."""

from celery import shared_task

from drift import jobs, stored_report
from drift.surplus_groups import delete_surplus_groups
from streamhub.lifecycle.lease import JobRun
from streamhub.task_names import TaskName


@shared_task(name=TaskName.READ_DRIFT, soft_time_limit=300, time_limit=330)
def drift_report() -> None:
    """Count what differs and note since when; delete what needs no person. Hourly, and when asked for."""
    jobs.READ_DRIFT.run(_read_and_clean_up)


def _read_and_clean_up(run: JobRun) -> None:
    found = stored_report.take_as_asked()
    deleted = delete_surplus_groups(found.findings)
    if deleted:
        found = stored_report.take()
    run.say(found.summary + (f"; security groups deleted: {deleted}" if deleted else ""))
