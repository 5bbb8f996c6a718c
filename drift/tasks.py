"""Celery's way in to drift."""

from celery import shared_task

from drift import reading
from drift.surplus_groups import delete_surplus_groups
from streamhub.lifecycle import jobs

JOB = "drift"
TASK = "drift.read"
EVERY_SECONDS = 3600


@shared_task(name=TASK, soft_time_limit=300, time_limit=330)
def drift_report() -> None:
    """Count what differs and note since when; delete what needs no person. Hourly, and when asked for."""
    jobs.run(JOB, _read_and_tidy, seconds=330)


def _read_and_tidy(run: jobs.JobRun) -> None:
    found = reading.take_as_asked()
    deleted = delete_surplus_groups(found.findings)
    if deleted:
        found = reading.take()
    run.say(found.summary + (f"; security groups deleted: {deleted}" if deleted else ""))


jobs.register(jobs.Periodic(JOB, TASK, lambda: EVERY_SECONDS))
