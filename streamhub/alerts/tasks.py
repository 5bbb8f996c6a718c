"""Celery tasks of alarms."""

from __future__ import annotations

from celery import shared_task

from streamhub.alerts import dead_mans_switch, delivery, evaluation, jobs, retention
from streamhub.lifecycle.lease import JobRun
from streamhub.task_names import TaskName


@shared_task(name=TaskName.CHECK_ALARMS)
def check_alarms() -> None:
    """Open, refresh and resolve alarms, and write the notices about them."""
    jobs.CHECK_ALARMS.run(_check)


def _check(run: JobRun) -> None:
    outcome = evaluation.evaluate()
    run.say(str(outcome))
    if outcome.unread:
        run.fall_short(f"could not be read: {', '.join(outcome.unread)}; the log has the details")


@shared_task(name=TaskName.SEND_NOTICES)
def send_notices() -> None:
    jobs.SEND_NOTICES.run(delivery.send_due)


@shared_task(name=TaskName.CALL_HEARTBEAT_URL)
def call_heartbeat_url() -> None:
    jobs.CALL_HEARTBEAT_URL.run(dead_mans_switch.call)


@shared_task(name=TaskName.PURGE_ALARMS)
def purge_alarms() -> None:
    jobs.PURGE_ALARMS.run(retention.purge)
