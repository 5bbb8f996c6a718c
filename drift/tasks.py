"""Celery task of drift."""

from celery import shared_task

from drift import jobs, stored_report
from drift.aws_lists import ResourceKind
from drift.surplus_groups import delete_surplus_groups
from streamhub.lifecycle.lease import JobRun
from streamhub.task_names import TaskName


@shared_task(name=TaskName.READ_DRIFT, soft_time_limit=300, time_limit=330)
def drift_report() -> None:
    """Store a new report and delete surplus security groups. Runs hourly and on request."""
    jobs.READ_DRIFT.run(_read_and_clean_up)


def _read_and_clean_up(run: JobRun) -> None:
    report = stored_report.read_as_asked()
    deleted = delete_surplus_groups(report.findings)
    if deleted:
        report = stored_report.read_and_store()
    for kind, unread in report.unread.items():
        run.fall_short(f"{ResourceKind(kind).label}s could not be read ({unread.code})")
    run.say(report.summary + (f"; security groups deleted: {deleted}" if deleted else ""))
