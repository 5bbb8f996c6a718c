"""Celery tasks of the life cycle. They are acknowledged early: after a worker has died, the claim expires and
the sweep queues its row again, and the broker does not redeliver a row that kills its worker."""

from __future__ import annotations

import logging

from celery import shared_task

from streamhub.errors import AwsError
from streamhub.lifecycle import jobs, unread
from streamhub.lifecycle.observe import NOTHING
from streamhub.lifecycle.observe import observe as observe_list
from streamhub.lifecycle.polled_lists import polled_lists
from streamhub.lifecycle.reading import LISTING_SECONDS, observing
from streamhub.lifecycle.reconcile import reconcile as take_step
from streamhub.lifecycle.sweep import sweep as sweep_rows
from streamhub.task_names import TaskName

log = logging.getLogger(__name__)


@shared_task(name=TaskName.RECONCILE)
def reconcile(label: str, pk: int) -> None:
    take_step(label, pk)


@shared_task(name=TaskName.SWEEP)
def sweep() -> None:
    with jobs.SWEEP.single() as run:
        if run:
            run.say(f"rows queued: {sweep_rows()}")


@shared_task(name=TaskName.OBSERVE, soft_time_limit=LISTING_SECONDS, time_limit=LISTING_SECONDS + 60)
def observe() -> None:
    """Observe every polled list, those first that shows wait for.

    A list that cannot be read does not stop the others.
    """
    with jobs.OBSERVE.single() as run:
        if not run:
            return
        outcomes: list[str] = []
        not_read: dict[str, list[str]] = {}
        with observing(run.keep):
            for polled_list in sorted(polled_lists(), key=lambda each: not each.first):
                try:
                    outcome = observe_list(polled_list)
                    if outcome != NOTHING:
                        outcomes.append(f"{polled_list.title}: {outcome}")
                except AwsError as error:
                    log.warning("Could not read the list %s: %s", polled_list.key, error)
                    unread.note(polled_list, error)
                    not_read.setdefault(error.code, []).append(polled_list.title)
                run.keep()
        for code, titles in not_read.items():
            run.fall_short(f"{', '.join(titles)} could not be read ({code})")
        run.say("; ".join(outcomes) or NOTHING)
