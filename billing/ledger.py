"""Write the ledger, and read it with each period's breakout. Figures rise and never fall.

Late datapoints raise a minute (AWS_RULES 23). A value lower than the stored one is logged and ignored.
A lock on one row serialises all writers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from billing.attribution import Period, Span, attribute
from billing.jobs import COLLECT_METRICS
from billing.models import CollectionWindow, LedgerHour, LedgerMinute
from billing.usage_window import MINUTE, floor_to
from channels_app.models import Attachment

log = logging.getLogger(__name__)

HOUR = timedelta(
    hours=1
)  # the longest period: one that starts earlier than this before a range ends before it
COARSE = (300, 3600)


@dataclass(frozen=True, slots=True)
class MetricReading:
    """CloudWatch's figures of one distribution and period. None: there is no datapoint of that metric."""

    aws_distribution_id: str
    start: datetime
    period_seconds: int
    bytes_downloaded: int | None
    requests: int | None


@dataclass
class WriteResult:
    """What a write changed: the number of new or raised rows, of lower readings, and the distributions."""

    changed: int = 0
    lower: int = 0
    aws_distribution_ids: set[str] = field(default_factory=set)


def tail() -> timedelta:
    """How long bytes still count after the end of an attachment."""
    return timedelta(seconds=settings.USAGE_TAIL_SECONDS)


def final_after() -> timedelta:
    """How long figures must stay unchanged before they are final."""
    return timedelta(seconds=settings.METRICS_FINAL_AFTER_SECONDS)


# --- writing --------------------------------------------------------------------------------


def ledger_lock() -> None:
    """Lock the ledger, and the figures made from it, against other writers until the transaction ends."""
    COLLECT_METRICS.lock()


@transaction.atomic
def ledger_write(readings: Sequence[MetricReading], now: datetime) -> WriteResult:
    """Store the readings, and mark the windows of changed distributions for new figures."""
    result = WriteResult()
    if not readings:
        return result
    ledger_lock()
    readings = _not_rolled_up(readings)
    stored_rows = _stored_rows(readings)
    rows: list[LedgerMinute] = []
    replaced: list[int] = []
    for reading in readings:
        row = stored_rows[reading.aws_distribution_id].merge(reading, now, replaced, result)
        if row is not None:
            rows.append(row)
            result.aws_distribution_ids.add(reading.aws_distribution_id)
    _store(rows, replaced)
    result.changed = len(rows)
    mark_figures_due(result.aws_distribution_ids)
    if result.lower:
        log.warning("CloudWatch datapoints lower than the stored values, ignored: %d", result.lower)
    return result


def mark_figures_due(aws_distribution_ids: Iterable[str]) -> None:
    """Have the next collection write new figures for the breakouts of these distributions."""
    windows = CollectionWindow.objects.filter(
        attachment__aws_distribution_id__in=aws_distribution_ids, settled_at=None
    )
    windows.update(figures_due=True)


@dataclass
class _StoredRows:
    """The stored rows of one distribution, by their start."""

    rows: dict[datetime, LedgerMinute] = field(default_factory=dict)
    coarse: bool = False  # whether any of them is longer than a minute

    def merge(
        self, reading: MetricReading, now: datetime, replaced: list[int], result: WriteResult
    ) -> LedgerMinute | None:
        """The row to store, or None if the reading changes nothing.

        A longer period replaces its minutes only if it holds more than their sum.
        """
        if self.coarse and self._is_inside_longer(reading):
            return None
        rows = self._inside(reading)
        old = sum(row.bytes_downloaded for row in rows), sum(row.requests for row in rows)
        read = (
            old[0] if reading.bytes_downloaded is None else reading.bytes_downloaded,
            old[1] if reading.requests is None else reading.requests,
        )
        result.lower += read[0] < old[0] or read[1] < old[1]
        new = max(old[0], read[0]), max(old[1], read[1])
        if rows and new == old:
            return None
        replaced += [row.pk for row in rows if row.minute != reading.start]
        return LedgerMinute(
            aws_distribution_id=reading.aws_distribution_id,
            minute=reading.start,
            period_seconds=reading.period_seconds,
            bytes_downloaded=new[0],
            requests=new[1],
            first_seen_at=min((row.first_seen_at for row in rows), default=now),
            changed_at=now,
        )

    def _inside(self, reading: MetricReading) -> list[LedgerMinute]:
        """The stored rows within the reading's period: the same one, or shorter ones."""
        offsets = range(0, reading.period_seconds, MINUTE)
        rows = (self.rows.get(reading.start + timedelta(seconds=offset)) for offset in offsets)
        return [row for row in rows if row is not None]

    def _is_inside_longer(self, reading: MetricReading) -> bool:
        rows = (
            self.rows.get(floor_to(reading.start, longer))
            for longer in COARSE
            if longer > reading.period_seconds
        )
        return any(
            row is not None
            and row.period_seconds > reading.period_seconds
            and row.minute + timedelta(seconds=row.period_seconds) > reading.start
            for row in rows
        )


def _not_rolled_up(readings: Sequence[MetricReading]) -> list[MetricReading]:
    """The readings without those of rolled-up hours, which would count twice."""
    starts = [reading.start for reading in readings]
    hours = LedgerHour.objects.filter(hour__gt=min(starts) - HOUR, hour__lte=max(starts))
    rolled_up = set(hours.values_list("aws_distribution_id", "hour"))
    return [
        reading
        for reading in readings
        if (reading.aws_distribution_id, floor_to(reading.start, 3600)) not in rolled_up
    ]


def _stored_rows(readings: Sequence[MetricReading]) -> dict[str, _StoredRows]:
    if not readings:
        return {}
    stored_rows = {reading.aws_distribution_id: _StoredRows() for reading in readings}
    first = floor_to(min(reading.start for reading in readings), 3600)
    last = max(reading.start + timedelta(seconds=reading.period_seconds) for reading in readings)
    ids = list(stored_rows)
    for row in LedgerMinute.objects.filter(aws_distribution_id__in=ids, minute__gte=first, minute__lt=last):
        stored = stored_rows[row.aws_distribution_id]
        stored.rows[row.minute] = row
        stored.coarse |= row.period_seconds > MINUTE
    return stored_rows


def _store(rows: Sequence[LedgerMinute], replaced: Sequence[int]) -> None:
    if replaced:
        LedgerMinute.objects.filter(pk__in=replaced).delete()
    LedgerMinute.objects.bulk_create(
        rows,
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["aws_distribution_id", "minute"],
        update_fields=["period_seconds", "bytes_downloaded", "requests", "changed_at"],
    )


# --- reading --------------------------------------------------------------------------------


def attributed(
    aws_distribution_id: str, start: datetime, end: datetime | None, *, touching: bool = False
) -> Iterator[tuple[Period, int | None]]:
    """A distribution's periods from `start` to `end` (exclusive; None: no end), each with its breakout.

    A period is in the range if it starts there; with `touching` also if it only reaches into it.
    """
    periods = _periods(aws_distribution_id, start - HOUR if touching else start, end)
    spans = _spans(aws_distribution_id, start - HOUR, None if end is None else end + HOUR)
    return attribute((period for period in periods if period.end > start), spans)


def _periods(aws_distribution_id: str, start: datetime, end: datetime | None) -> Iterator[Period]:
    rows = LedgerMinute.objects.filter(aws_distribution_id=aws_distribution_id, minute__gte=start)
    if end is not None:
        rows = rows.filter(minute__lt=end)
    columns = ("minute", "period_seconds", "bytes_downloaded", "requests", "changed_at")
    return (Period(*row) for row in rows.order_by("minute").values_list(*columns))


def _spans(aws_distribution_id: str, start: datetime, end: datetime | None) -> list[Span]:
    """The spans of the distribution's attachments that may overlap start..end."""
    rows = Attachment.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=start - tail()), aws_distribution_id=aws_distribution_id
    )
    if end is not None:
        rows = rows.filter(started_at__lt=end)
    return [
        Span(breakout, started_at, None if ended_at is None else ended_at + tail())
        for breakout, started_at, ended_at in rows.values_list("breakout_id", "started_at", "ended_at")
    ]
