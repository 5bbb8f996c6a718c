"""Signs of life. The worker's comes from its own timer, beat's from a task that beat had to send."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from celery.signals import heartbeat_sent
from django.db import DatabaseError
from django.utils import timezone

log = logging.getLogger(__name__)

EVERY_SECONDS = 10
# After this long without a sign of life a process counts as silent, wherever that is asked.
SILENT_AFTER = timedelta(seconds=60)
_last = 0.0


def beat(name: str) -> None:
    """Note that `name` ("worker", "beat") is alive."""
    from streamhub.lifecycle.models import Heartbeat

    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": timezone.now()})


def is_silent(beat_at: datetime) -> bool:
    """Whether a process whose last sign of life came then may be dead."""
    return timezone.now() - beat_at >= SILENT_AFTER


@heartbeat_sent.connect
def _worker_is_alive(**_signal: Any) -> None:
    global _last
    if time.monotonic() - _last < EVERY_SECONDS:
        return
    _last = time.monotonic()
    try:
        beat("worker")
    except DatabaseError as error:
        log.warning("Could not note the worker's heartbeat: %s", error)
