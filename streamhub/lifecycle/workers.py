"""Which process of a worker holds what: each has a row with a heartbeat by the database's clock.

A process that runs steps beats from a thread of its own, so that a long call to AWS does not silence it.
What a silent process held is freed (`lifecycle.dead_workers`). If it was only slow or cut off, it beats again
when it comes back, and finds its claims gone at its next write.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from datetime import timedelta
from typing import Any

from celery.signals import worker_process_init, worker_process_shutdown
from django.db import Error, connection
from django.db.models import Q
from django.db.models.functions import Now

from streamhub.clock import from_now
from streamhub.lifecycle.models import WorkerProcess

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
# With a sweep every five seconds, what a dead process held is taken again within ten.
SILENT_AFTER = timedelta(seconds=5)


class Heart:
    """The heartbeat of this process. `token` names it in claims and leases."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(8)
        self.pid = os.getpid()
        self._stop = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def beat(self) -> None:
        """Write that the process is alive, also after others have taken it for dead."""
        alive = {"beat_at": Now(), "noted_silent": False}
        if not WorkerProcess.objects.filter(token=self.token).update(**alive):
            WorkerProcess.objects.create(token=self.token, host=socket.gethostname()[:128], pid=self.pid)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._beat_or_say()
                self._stop.wait(EVERY_SECONDS)
        finally:
            connection.close()

    def _beat_or_say(self) -> None:
        try:
            self.beat()
        except Error as error:
            log.warning("This worker could not write its heartbeat: %s", error)
            connection.close()


_heart: Heart | None = None


def own_token() -> str:
    """The name of this process in claims and leases; "" if it has no heartbeat (commands, tests)."""
    return _heart.token if _heart is not None and _heart.pid == os.getpid() else ""


def silent() -> Q:
    """The condition on `WorkerProcess` that it is silent."""
    return Q(beat_at__lt=from_now(-SILENT_AFTER))


@worker_process_init.connect
def start(**_signal: Any) -> None:
    """Begin to beat. Celery calls it in each process that runs tasks."""
    global _heart
    _heart = Heart()
    _heart.start()


@worker_process_shutdown.connect
def stop(**_signal: Any) -> None:
    """End without being missed. What is still held is freed as after a death."""
    if _heart is not None:
        _heart.stop()
