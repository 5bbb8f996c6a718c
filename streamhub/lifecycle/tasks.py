"""Celery's way in. Tasks are acknowledged early: what a dead worker held comes back through the claim's
expiry and the sweep, and a row that kills its worker is not redelivered in a loop."""

from __future__ import annotations

import logging

from celery import shared_task

from streamhub.errors import AwsError
from streamhub.lifecycle import heartbeat, jobs
from streamhub.lifecycle.observe import NOTHING, polled_lists
from streamhub.lifecycle.observe import observe as observe_watch
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
            run.say(f"{sweep_rows()} rows queued")


@shared_task(name=TaskName.OBSERVE)
def observe() -> None:
    """Look at AWS for everything that waits; one list that cannot be read does not hide the others."""
    with jobs.OBSERVE.single() as run:
        if not run:
            return
        said = []
        for watch in polled_lists():
            try:
                did = observe_watch(watch)
                if did != NOTHING:
                    said.append(f"{watch.key}: {did}")
            except AwsError as error:
                log.warning("Could not look at %s: %s", watch.key, error)
                said.append(f"{watch.key}: could not be read ({error.code})")
            run.extend()
        run.say("; ".join(said) or NOTHING)


@shared_task(name=TaskName.HEARTBEAT)
def beat_heartbeat() -> None:
    heartbeat.beat("beat")
