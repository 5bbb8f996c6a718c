"""Write the ledger: what CloudWatch says now, up or down, but never a minute lost to a longer period.

A lock on one row serialises all writers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q, Value

from billing.jobs import COLLECT_METRICS
from billing.ledger_merge import MetricReading, Stored
from billing.models import CollectionWindow, LedgerHour, LedgerMinute, LedgerShortfall
from billing.usage_window import floor_to

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)  # the longest period
INSERTED_AT_ONCE = 50_000


@dataclass
class WriteResult:
    """What a write changed: new or changed rows, longer periods that say less than their minutes.

    `changes` has the distribution and the minute of each new or changed minute.
    """

    changed: int = 0
    shortfalls: int = 0
    changes: list[tuple[str, datetime]] = field(default_factory=list)


def counts_after(moment: datetime, attachments: str = "") -> Q:
    """The attachments whose bytes, with their tail, still count after this moment.

    `attachments`: how a query gets to them, such as "attachments__".
    """
    since = Value(moment) - F(f"{attachments}tail")
    return Q(**{f"{attachments}ended_at": None}) | Q(**{f"{attachments}ended_at__gt": since})


def ledger_lock() -> None:
    """Lock the ledger, and the figures made from it, against other writers until the transaction ends."""
    COLLECT_METRICS.lock()


@transaction.atomic
def ledger_write(readings: Sequence[MetricReading], now: datetime) -> WriteResult:
    """Store the readings, and mark the windows of changed distributions for new figures.

    `now`: before CloudWatch was asked. What was stored later than that is newer and stays.
    """
    result = WriteResult()
    if not readings:
        return result
    ledger_lock()
    readings = _not_rolled_up(readings)
    stored = _stored(readings)
    # Shorter periods first: a longer one holds what they do not hold.
    rows: list[LedgerMinute] = []
    shortfalls: list[LedgerShortfall] = []
    for reading in sorted(readings, key=lambda reading: reading.period_seconds):
        row, shortfall = stored[reading.aws_distribution_id].merge(reading, now)
        if row is not None:
            rows.append(row)
        if shortfall is not None:
            shortfalls.append(shortfall)
    _store(rows, shortfalls)
    result.changed, result.shortfalls = len(rows), len(shortfalls)
    result.changes = [(row.aws_distribution_id, row.minute) for row in rows if not row.approximate]
    if rows:
        _mark_figures_due(rows)
    if shortfalls:
        log.warning("CloudWatch reports less for %d longer periods than for their minutes", len(shortfalls))
    return result


def _mark_figures_due(rows: Sequence[LedgerMinute]) -> None:
    """Have the next collection write new figures for the breakouts that these rows may belong to."""
    first = min(row.minute for row in rows)
    last = max(row.minute for row in rows) + HOUR
    windows = CollectionWindow.objects.filter(
        counts_after(first, "attachment__"),
        attachment__aws_distribution_id__in={row.aws_distribution_id for row in rows},
        attachment__started_at__lte=last,
        figures_due=False,
    )
    windows.update(figures_due=True)


def _not_rolled_up(readings: Sequence[MetricReading]) -> list[MetricReading]:
    """The readings without those of rolled-up hours, which would count twice."""
    starts = [reading.start for reading in readings]
    hours = LedgerHour.objects.filter(hour__gt=min(starts) - HOUR, hour__lte=max(starts))
    rolled_up = set(hours.values_list("aws_distribution_id", "hour").distinct())
    return [
        reading
        for reading in readings
        if not rolled_up or (reading.aws_distribution_id, floor_to(reading.start, 3600)) not in rolled_up
    ]


def _stored(readings: Sequence[MetricReading]) -> dict[str, Stored]:
    stored = {reading.aws_distribution_id: Stored() for reading in readings}
    if not readings:
        return stored
    first = floor_to(min(reading.start for reading in readings), 3600)
    last = max(reading.start + timedelta(seconds=reading.period_seconds) for reading in readings)
    rows = LedgerMinute.objects.filter(aws_distribution_id__in=stored, minute__gte=first, minute__lt=last)
    columns = ("bytes_downloaded", "requests", "first_seen_at", "changed_at")
    for aws_id, start, seconds, *row in rows.values_list(
        "aws_distribution_id", "minute", "period_seconds", *columns
    ).iterator(chunk_size=10_000):
        stored[aws_id].add(start, seconds, tuple(row))
    return stored


def _store(rows: Sequence[LedgerMinute], shortfalls: Sequence[LedgerShortfall]) -> None:
    LedgerMinute.objects.bulk_create(
        rows,
        batch_size=INSERTED_AT_ONCE if connection.vendor == "postgresql" else None,
        update_conflicts=True,
        unique_fields=["aws_distribution_id", "minute", "period_seconds"],
        update_fields=["bytes_downloaded", "requests", "changed_at"],
    )
    LedgerShortfall.objects.bulk_create(
        shortfalls,
        update_conflicts=True,
        unique_fields=["aws_distribution_id", "start", "period_seconds"],
        update_fields=["known_bytes", "reported_bytes", "known_requests", "reported_requests", "seen_at"],
    )
