"""Heartbeats. The worker's comes from its own timer, beat's from a task that beat sends."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from celery.signals import heartbeat_sent
from django.db import Error
from django.db.models.functions import Now

log = logging.getLogger(__name__)

EVERY_SECONDS = 10
# A process without a heartbeat for this long counts as silent everywhere.
SILENT_AFTER = timedelta(seconds=60)
_last_noted = 0.0


def beat(name: str) -> None:
    """Record a heartbeat of `name` ("worker" or "beat")."""
    from streamhub.lifecycle.models import Heartbeat

    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": Now()})


def note(name: str, sentence: str) -> None:
    """Keep what a process corrected by itself, to show it beside its heartbeat."""
    from streamhub.lifecycle.models import Heartbeat

    Heartbeat.objects.filter(name=name).update(note=sentence[:200])


def is_silent(beat_at: datetime, now: datetime) -> bool:
    """Whether a process with its last heartbeat at `beat_at` counts as silent at `now`."""
    return now - beat_at >= SILENT_AFTER


@heartbeat_sent.connect
def _worker_is_alive(**_signal: Any) -> None:
    from streamhub.lifecycle import clocks

    global _last_noted
    if time.monotonic() - _last_noted < EVERY_SECONDS:
        return
    _last_noted = time.monotonic()
    try:
        beat("worker")
        clocks.measure(clocks.WORKER)
    except Error as error:
        log.warning("Could not record the worker's heartbeat: %s", error)
