"""Beat's scheduler: django-celery-beat's, by the database's clock instead of its host's.

Beat's host may be off, or its clock may be corrected while it runs; neither may stop the jobs or run them
twice. Messages carry until when they are worth carrying out, also by the database's clock, which the worker
compares (`Task`): Celery's own `expires` compares the clocks of two hosts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import celery
from django.db import Error
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from streamhub.clock import database_now
from streamhub.lifecycle import clocks, heartbeat
from streamhub.lifecycle.heartbeat import BeatsOnTick
from streamhub.lifecycle.schedule import TOLERANCE, schedule_correct
from streamhub.lifecycle.wake import VALID_UNTIL
from streamhub.postgresql.outages import unavailable

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class DatabaseClock:
    """The database's time, carried on by the monotonic timer between two readings."""

    def __init__(
        self, read: Callable[[], datetime] = database_now, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._read, self._timer = read, timer
        self._base: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        if self._base is None:
            self.follow(self._read())
            return self.now()
        moment, then = self._base
        return moment + timedelta(seconds=self._timer() - then)

    def follow(self, moment: datetime) -> timedelta:
        """Take `moment` for now; returns how far it is from what this clock showed."""
        jump = timedelta() if self._base is None else moment - self.now()
        self._base = (moment.astimezone(UTC), self._timer())
        return jump


CLOCK = DatabaseClock()


class DatabaseEntry(ModelEntry):  # type: ignore[misc]
    """A row of the schedule, by the database's clock."""

    def __init__(self, model: Any, app: Any = None) -> None:
        super().__init__(model, app=app)
        schedule = self.schedule
        zone = getattr(schedule, "tz", UTC)
        schedule.nowfun = lambda: CLOCK.now().astimezone(zone)
        self.valid_for = self.options.pop("expires", None)
        if self.last_run_at - CLOCK.now() > TOLERANCE:
            self.ran_now()

    def ran_now(self) -> None:
        """Count the next period from now."""
        self.last_run_at = self.model.last_run_at = CLOCK.now()

    def default_now(self) -> datetime:
        return CLOCK.now()

    _default_now = default_now

    def valid_until(self) -> datetime | None:
        """Until when a message that is sent now is worth carrying out; None: for ever."""
        if isinstance(self.valid_for, datetime) or self.valid_for is None:
            return self.valid_for
        return CLOCK.now() + timedelta(seconds=self.valid_for)


class Scheduler(BeatsOnTick, DatabaseScheduler):  # type: ignore[misc]
    """The scheduler of `celery beat`. While the database is away it goes on with the schedule that it has."""

    Entry = DatabaseEntry
    _measured = float("-inf")

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due now; the seconds until the next call."""
        self._follow_clock()
        try:
            return float(super().tick(*args, **kwargs))
        except Error as error:
            if not unavailable(error):
                raise
            log.warning("Beat could not read its schedule, because the database is away: %s", error)
            # The change that it was about to read is not forgotten: the next tick reads everything.
            self._last_full_sync = datetime.min
            return RETRY_SECONDS

    def all_as_schedule(self) -> dict[str, DatabaseEntry]:
        if corrected := schedule_correct():
            heartbeat.note("beat", corrected)
        entries: dict[str, DatabaseEntry] = super().all_as_schedule()
        return entries

    def schedule_changed(self) -> bool:
        """Whether somebody changed a row. The times of two changes may come from two hosts, in any order."""
        before = self._last_timestamp
        changed = super().schedule_changed()
        return bool(changed or (before is not None and self._last_timestamp not in (None, before)))

    def apply_async(self, entry: DatabaseEntry, *args: Any, **kwargs: Any) -> Any:
        """Send the message with its `VALID_UNTIL`."""
        options = dict(entry.options)
        if until := entry.valid_until():
            options["headers"] = {**options["headers"], VALID_UNTIL: until.isoformat()}
        # Not the entry itself: one that differs from the row would count as a changed schedule.
        message = SimpleNamespace(
            name=entry.name, task=entry.task, args=entry.args, kwargs=entry.kwargs, options=options
        )
        return super().apply_async(message, *args, **kwargs)

    def _follow_clock(self) -> None:
        """Read the database's clock every 10 s; if it jumped, bring the schedule in order."""
        if time.monotonic() - self._measured < clocks.EVERY_SECONDS:
            return
        self._measured = time.monotonic()
        try:
            jump = CLOCK.follow(clocks.measure(clocks.BEAT))
            if abs(jump) > TOLERANCE:
                log.warning("The database's clock jumped by %.1f s.", jump.total_seconds())
                # Write what is held and read it again, corrected; the heap, which holds times, is built anew.
                self._last_full_sync = datetime.min
        except Error as error:
            log.warning("Could not read the database's clock: %s", error)


class Task(celery.Task):  # type: ignore[misc]
    """A task that does nothing if its message is no longer worth carrying out."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        until = self.request.get(VALID_UNTIL)
        if until and database_now() > datetime.fromisoformat(until):
            log.info("%s was sent too long ago; a later message does its work", self.name)
            return None
        return super().__call__(*args, **kwargs)
