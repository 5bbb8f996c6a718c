"""Waking: tell a worker that a row is due, or will be in a few seconds.

A lost message costs only seconds: the sweep finds the row. Long waits stand in the row alone; the broker
holds a message for at most `SOON_SECONDS`, so that a row is taken when it is due and not at the next sweep.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from celery import current_app
from django.db import models, transaction
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from streamhub.clock import database_now
from streamhub.lifecycle.claim import after
from streamhub.lifecycle.locking import update_all
from streamhub.lifecycle.models import ManagedResource, Priority
from streamhub.task_names import QueueName, TaskName

log = logging.getLogger(__name__)

# How long the mark of a row that is on a queue lasts, and the sweep skips a bulk row.
QUEUED_SECONDS = 60
SOON_SECONDS = 10
# A message that arrived a moment before its row is due would be lost to the next sweep.
LATE_SECONDS = 0.02
# The header of a message that is worth nothing after this moment (`lifecycle.beat.Task`).
VALID_UNTIL = "valid_until"
# What a publisher meets while the broker fails over. If kombu had to connect again to declare the queue, it
# then publishes through what it had closed, which raises AttributeError; after that it connects again.
BROKER_ERRORS = (OperationalError, OSError, AttributeError)


def queued_mark() -> models.ExpressionWrapper:
    """The `queued_until` of a row that is queued now."""
    return after(QUEUED_SECONDS)


def seconds_left() -> models.ExpressionWrapper:
    """How long a row still waits, by the database's clock: a duration, negative when it is due."""
    return models.ExpressionWrapper(models.F("not_before") - Now(), output_field=models.DurationField())


def queue_of(priority: int) -> str:
    return QueueName.URGENT if Priority(priority).urgent else QueueName.BULK


def on_commit(model: type[ManagedResource], pks: Iterable[int], priority: int) -> None:
    """Wake the rows when the current transaction commits (at once without one)."""
    pks = list(pks)
    if pks:
        transaction.on_commit(partial(publish, model, pks, priority))


def publish(
    model: type[ManagedResource],
    pks: list[int],
    priority: int,
    left: Mapping[int, timedelta] | None = None,
) -> None:
    """Put the rows on their queue. If the broker fails, log it and leave the rows to the sweep.

    `left`: how long rows that are not due yet still wait (`seconds_left`).
    """
    for done, pk in enumerate(pks):
        wait = left[pk].total_seconds() if left and pk in left else 0.0
        countdown = [wait + LATE_SECONDS] if wait > 0 else []
        try:
            send(TaskName.RECONCILE, [model._meta.label_lower, pk], queue_of(priority), *countdown)
        except BROKER_ERRORS as error:
            log.warning("The broker did not accept the step of %s %s: %s", model.KIND, pk, error)
            update_all(model, pks[done:], queued_until=None)
            return


def send(task: TaskName, args: list[Any], queue: str, countdown: float = 0, **options: Any) -> None:
    """Send a task to the broker by name, to be run after `countdown` seconds."""
    options |= {"ignore_result": True, "countdown": countdown or None}
    current_app.send_task(task, args=args, queue=queue, **options)


def send_safely(task: TaskName, queue: str, valid_for: timedelta | None = None) -> None:
    """Ask for a periodic job before its time. If the broker fails, the job runs at its usual time.

    `valid_for`: a worker that takes the message later than that does nothing; None: it runs the job.
    """
    options: dict[str, Any] = {}
    if valid_for:
        options["headers"] = {VALID_UNTIL: (database_now() + valid_for).isoformat()}
    try:
        send(task, [], queue, **options)
    except BROKER_ERRORS as error:
        log.warning("The broker did not accept %s: %s", task, error)
