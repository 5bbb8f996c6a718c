"""Heartbeats: each process writes its own, so that a silent one is named and not the one that waits for it.

The worker's comes from its connection to the broker, beat's from its scheduler's tick. The row "worker" is
that of all workers for all queues together. Beside it each worker has one of its own, under its name, until
it is told to end: one that falls silent although nobody told it so was killed or hangs. The row is there
from the worker's start on, so that one which never came as far as its first report is missed too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from celery import current_app
from celery.signals import heartbeat_sent, worker_init, worker_shutting_down
from django.db import Error, connection
from django.db.models.functions import Now

from streamhub.clock import from_now
from streamhub.task_names import QueueName

if TYPE_CHECKING:
    from streamhub.lifecycle.models import Heartbeat

log = logging.getLogger(__name__)

EVERY_SECONDS = 10
# A process without a heartbeat for this long counts as silent everywhere: three were missed. Pages refresh
# every ten seconds, so a dead process is red on each of them within 40 s.
SILENT_AFTER = timedelta(seconds=30)
# A worker that was killed may never come back; a restarted one has its name again.
FORGOTTEN_AFTER = timedelta(hours=1)
_noted_at: dict[str, float] = {}
_told_to_end = threading.Event()


def beat(name: str) -> None:
    """Record a heartbeat of `name` (`Heartbeat.name`)."""
    from streamhub.lifecycle.models import Heartbeat

    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": Now()})
    if name == "beat":
        Heartbeat.objects.filter(name__contains="@", beat_at__lt=from_now(-FORGOTTEN_AFTER)).delete()


def is_of_one_worker(name: str) -> bool:
    return "@" in name


def note(name: str, sentence: str) -> None:
    """Keep what a process corrected by itself, to show it beside its heartbeat."""
    from streamhub.lifecycle.models import Heartbeat

    Heartbeat.objects.filter(name=name).update(note=sentence[:200])


def is_silent(beat_at: datetime, now: datetime) -> bool:
    """Whether a process with its last heartbeat at `beat_at` counts as silent at `now`."""
    return now - beat_at >= SILENT_AFTER


def replaced(rows: Iterable[Heartbeat], now: datetime) -> set[str]:
    """The names of silent workers in whose place another has come, one for one.

    That is one alive which was first seen after their last report, on their host if there is any.
    """
    single = [row for row in rows if is_of_one_worker(row.name)]
    gone = sorted((row for row in single if is_silent(row.beat_at, now)), key=lambda row: row.beat_at)
    come = sorted((row for row in single if row not in gone), key=lambda row: row.first_at)
    pairs = [(old, new) for new in come for old in gone if old.beat_at < new.first_at]
    pairs.sort(key=lambda pair: _host(pair[0]) != _host(pair[1]))
    found: dict[str, str] = {}
    for old, new in pairs:
        if old.name not in found and new.name not in found.values():
            found[old.name] = new.name
    return set(found)


def _host(row: Heartbeat) -> str:
    return row.name.partition("@")[2]


def silent_processes(now: datetime) -> list[str]:
    """Those of beat and worker that are silent at `now`, or were never seen. One query."""
    from streamhub.lifecycle.models import Heartbeat

    beats = dict(Heartbeat.objects.values_list("name", "beat_at"))
    return [name for name in ("beat", "worker") if name not in beats or is_silent(beats[name], now)]


def _time_to_beat(name: str) -> bool:
    """True at most every `EVERY_SECONDS` for each name: who is told so beats."""
    now = time.monotonic()
    if now - _noted_at.get(name, -EVERY_SECONDS) < EVERY_SECONDS:
        return False
    _noted_at[name] = now
    return True


def _beat_or_say(name: str) -> None:
    try:
        beat(name)
    except Error as error:
        log.warning("Could not record the heartbeat of %s: %s", name, error)


@worker_init.connect
def _worker_starts(sender: Any, **_signal: Any) -> None:
    """In a thread, whose database session ends with it: the processes to be forked must not share it."""
    thread = threading.Thread(target=_arrive, args=(sender.hostname,), name="arrive")
    thread.start()
    thread.join()


def _arrive(name: str) -> None:
    try:
        _beat_or_say(name)
    finally:
        connection.close()


@heartbeat_sent.connect
def _worker_is_alive(sender: Any, **_signal: Any) -> None:
    """One that serves the urgent queue alone does not count for "worker": creations may stand still."""
    from streamhub.lifecycle import clocks

    if _told_to_end.is_set() or not _time_to_beat("worker"):
        return
    _beat_or_say(sender.eventer.hostname)
    if QueueName.BULK in current_app.amqp.queues.consume_from:
        _beat_or_say("worker")
    clocks.report_here(clocks.WORKER)


@worker_shutting_down.connect
def _worker_is_told_to_end(sender: str, **_signal: Any) -> None:
    """A handler of a signal of the system calls it, perhaps in the middle of a query of this very thread."""
    _told_to_end.set()
    threading.Thread(target=_leave, args=(sender,), name="leave").start()


def _leave(name: str) -> None:
    """A worker that takes too long to end, and is killed, is not missed."""
    from streamhub.lifecycle.models import Heartbeat

    try:
        Heartbeat.objects.filter(name=name).delete()
    except Error as error:
        log.warning("Could not delete the heartbeat of %s: %s", name, error)
    finally:
        connection.close()


class BeatsOnTick:
    """For a scheduler of `celery beat`: its loop is alive, whether or not a worker or the broker is."""

    def tick(self, *args: Any, **options: Any) -> Any:
        if _time_to_beat("beat"):
            _beat_or_say("beat")
        return super().tick(*args, **options)  # type: ignore[misc]
