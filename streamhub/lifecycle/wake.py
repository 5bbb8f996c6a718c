"""Waking: tell a worker that a row is due. Losing a wake costs seconds, never work: the sweep covers it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from typing import Any

from celery import current_app
from django.db import models, transaction
from kombu.exceptions import OperationalError

from streamhub.lifecycle.claim import after
from streamhub.lifecycle.locking import update_all
from streamhub.lifecycle.models import ManagedResource, Priority
from streamhub.task_names import TaskName

log = logging.getLogger(__name__)

# How long a row that was put on a queue is left alone by the sweep.
QUEUED_SECONDS = 60


def queued_mark() -> models.ExpressionWrapper:
    """Until when a row counts as queued, from now."""
    return after(QUEUED_SECONDS)


def queue_of(priority: int) -> str:
    return "urgent" if Priority(priority).urgent else "bulk"


def on_commit(model: type[ManagedResource], pks: Iterable[int], priority: int) -> None:
    """Wake the rows once the present transaction has been committed (at once without one)."""
    pks = list(pks)
    if pks:
        transaction.on_commit(partial(publish, model, pks, priority))


def publish(model: type[ManagedResource], pks: list[int], priority: int) -> None:
    """Put the rows on their queue. A broken broker is logged and the rows are left to the sweep."""
    for done, pk in enumerate(pks):
        try:
            send(TaskName.RECONCILE, [model._meta.label_lower, pk], queue_of(priority))
        except (OperationalError, OSError) as error:
            log.warning("The broker did not take the wake of %s %s: %s", model.KIND, pk, error)
            update_all(model, pks[done:], queued_until=None)
            return


def send(task: TaskName, args: list[Any], queue: str) -> None:
    """Hand a task to the broker by name."""
    current_app.send_task(task, args=args, queue=queue, ignore_result=True)


def send_safely(task: TaskName, queue: str) -> None:
    """Ask for a periodic job early. If the broker is broken, its next tick does it."""
    try:
        send(task, [], queue)
    except (OperationalError, OSError) as error:
        log.warning("The broker did not take %s: %s", task, error)
