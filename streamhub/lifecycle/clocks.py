"""How far the clocks of hosts, and AWS's, are from the database's, which is the one that decides.

Every process measures its host's clock against the database's, and every worker compares AWS's `Date` header
with it. `clock_offsets()` has the facts, `lifecycle.clock_facts` shows them.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import Error, connection
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Now

from streamhub.clock import database_now, from_now
from streamhub.lifecycle.models import ClockOffset

log = logging.getLogger(__name__)

# A clock further off than this is an alarm.
LIMIT = timedelta(seconds=2)
# A clock that was not measured for this long is no longer shown: its host or process is gone.
SHOWN_FOR = timedelta(minutes=10)
DELETED_AFTER = timedelta(days=1)

EVERY_SECONDS = 10
AWS_EVERY_SECONDS = 30
# AWS gives whole seconds; a call that took longer than this says too little.
AWS_SLOWEST_SECONDS = 2.0
AWS_RESOLUTION = timedelta(seconds=1)

AWS = "AWS"
WEB, WORKER, BEAT = "web", "worker", "beat"

_aws_noted = float("-inf")


@dataclass(frozen=True)
class Offset:
    """A clock minus the database's. The truth lies within `error` of `ahead`."""

    ahead: timedelta
    error: timedelta

    @property
    def beyond(self) -> bool:
        """Whether it is certainly further off than `LIMIT`."""
        return abs(self.ahead) - self.error > LIMIT


@dataclass(frozen=True)
class ClockFact:
    """The offset of one clock as last measured; `beyond_since` None: within the limit.

    `host`: the host's name, or "AWS". `role`: "web", "worker" or "beat", or "AWS".
    """

    host: str
    role: str
    offset: Offset
    measured_at: datetime
    beyond_since: datetime | None


def between(before: datetime, database: datetime, after: datetime) -> Offset:
    """The offset of a host whose clock showed `before` and `after` around the reading of the database's."""
    half = (after - before) / 2
    return Offset(before + half - database, abs(half))


def of_aws(date: datetime, took: timedelta, database: datetime) -> Offset:
    """The offset of AWS, whose answer is dated `date` (whole seconds) and was complete at `database`.

    AWS wrote the date at some moment of a call that `took` so long.
    """
    half = (AWS_RESOLUTION + took) / 2
    return Offset(date + half - database, half)


def clock_offsets() -> list[ClockFact]:
    """Every clock that was measured lately, by host and role. One query."""
    rows = ClockOffset.objects.filter(measured_at__gte=from_now(-SHOWN_FOR)).order_by("host", "role")
    return [
        ClockFact(
            row.host,
            row.role,
            Offset(timedelta(milliseconds=row.offset_ms), timedelta(milliseconds=row.error_ms)),
            row.measured_at,
            row.beyond_since,
        )
        for row in rows
    ]


def measure(role: str) -> datetime:
    """Measure this host's clock for a process of this role; returns the database's time."""
    before = datetime.now(UTC)
    database = database_now()
    offset = between(before, database, datetime.now(UTC))
    _record(socket.gethostname(), role, offset)
    if role == BEAT:
        ClockOffset.objects.filter(measured_at__lt=from_now(-DELETED_AFTER)).delete()
    return database


def note_aws_date(date: datetime, seconds: float) -> None:
    """Compare AWS's `Date` of an answer that just came and took `seconds`; at most one in 30 s."""
    global _aws_noted
    if seconds > AWS_SLOWEST_SECONDS or time.monotonic() - _aws_noted < AWS_EVERY_SECONDS:
        return
    _aws_noted = time.monotonic()
    try:
        _record(AWS, AWS, of_aws(date, timedelta(seconds=seconds), database_now()))
    except Error as error:
        log.warning("Could not compare the database's clock with AWS's: %s", error)


def _record(host: str, role: str, offset: Offset) -> None:
    since = Coalesce(F("beyond_since"), Now()) if offset.beyond else Value(None)
    row = ClockOffset.objects.filter(host=host[:128], role=role)
    fields = {"offset_ms": _milliseconds(offset.ahead), "error_ms": _milliseconds(offset.error)}
    if not row.update(**fields, measured_at=Now(), beyond_since=since):
        first = {**fields, "beyond_since": Now() if offset.beyond else None}
        ClockOffset.objects.get_or_create(host=host[:128], role=role, defaults=first)


def _milliseconds(span: timedelta) -> int:
    return round(span / timedelta(milliseconds=1))


def report_in_background(role: str) -> None:
    """Measure every `EVERY_SECONDS` in a thread, for a process that has no timer of its own."""
    threading.Thread(target=_report, args=(role,), name="clock", daemon=True).start()


def _report(role: str) -> None:
    pause = threading.Event()
    while True:
        report_once(role)
        pause.wait(EVERY_SECONDS)


def report_once(role: str) -> None:
    """Measure, and give the connection back."""
    try:
        report_here(role)
    finally:
        connection.close()


def report_here(role: str) -> None:
    """Measure. A database that does not answer is only logged."""
    try:
        measure(role)
    except Error as error:
        log.warning("Could not compare this host's clock with the database's: %s", error)
