"""Writing the ledger and reading it back, attributed. Figures rise and never fall.

Late datapoints raise a minute (AWS_RULES 23). A lower value than the one known is not believed: the
higher one is kept and the difference logged. All writers go one after the other, behind one row's lock.
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

HOUR = timedelta(hours=1)  # the longest period: nothing that begins earlier reaches into a range
COARSE = (300, 3600)


@dataclass(frozen=True, slots=True)
class MetricReading:
    """What CloudWatch says of one distribution and period. None: it has no datapoint of that metric."""

    aws_distribution_id: str
    start: datetime
    period_seconds: int
    bytes_downloaded: int | None
    requests: int | None


@dataclass
class Written:
    """What a write changed: rows new or raised, readings that were lower, and the distributions touched."""

    changed: int = 0
    lower: int = 0
    aws_distribution_ids: set[str] = field(default_factory=set)


def tail() -> timedelta:
    """How long after an attachment's end viewers' bytes still count."""
    return timedelta(seconds=settings.USAGE_TAIL_SECONDS)


def final_after() -> timedelta:
    """How long nothing may have changed before figures are final."""
    return timedelta(seconds=settings.METRICS_FINAL_AFTER_SECONDS)


# --- writing --------------------------------------------------------------------------------


def ledger_lock() -> None:
    """Until the end of the transaction nobody else writes the ledger, or figures made from it."""
    COLLECT_METRICS.lock()


@transaction.atomic
def ledger_write(readings: Sequence[MetricReading], now: datetime) -> Written:
    """Take the readings in; windows that lie on a changed distribution become due for new figures."""
    written = Written()
    if not readings:
        return written
    ledger_lock()
    readings = _still_open(readings)
    pages = _known(readings)
    rows: list[LedgerMinute] = []
    replaced: list[int] = []
    for reading in readings:
        row = pages[reading.aws_distribution_id].take(reading, now, replaced, written)
        if row is not None:
            rows.append(row)
            written.aws_distribution_ids.add(reading.aws_distribution_id)
    _store(rows, replaced)
    written.changed = len(rows)
    figures_due(written.aws_distribution_ids)
    if written.lower:
        log.warning("CloudWatch gave %d datapoints lower than before; the higher ones stay", written.lower)
    return written


def figures_due(aws_distribution_ids: Iterable[str]) -> None:
    """The breakouts that these distributions delivered want their figures written anew."""
    open_here = CollectionWindow.objects.filter(
        attachment__aws_distribution_id__in=aws_distribution_ids, settled_at=None
    )
    open_here.update(figures_due=True)


@dataclass
class _Page:
    """The known rows of one distribution, by their start."""

    rows: dict[datetime, LedgerMinute] = field(default_factory=dict)
    coarse: bool = False  # whether any of them is longer than a minute

    def take(
        self, reading: MetricReading, now: datetime, replaced: list[int], written: Written
    ) -> LedgerMinute | None:
        """The row to store, or None if the reading tells nothing new.

        A longer period never replaces minutes that add up to it; if it holds more, it takes their place.
        """
        if self.coarse and self._is_inside_longer(reading):
            return None
        known = self._inside(reading)
        old = sum(row.bytes_downloaded for row in known), sum(row.requests for row in known)
        said = (
            old[0] if reading.bytes_downloaded is None else reading.bytes_downloaded,
            old[1] if reading.requests is None else reading.requests,
        )
        written.lower += said[0] < old[0] or said[1] < old[1]
        new = max(old[0], said[0]), max(old[1], said[1])
        if known and new == old:
            return None
        replaced += [row.pk for row in known if row.minute != reading.start]
        return LedgerMinute(
            aws_distribution_id=reading.aws_distribution_id,
            minute=reading.start,
            period_seconds=reading.period_seconds,
            bytes_downloaded=new[0],
            requests=new[1],
            first_seen_at=min((row.first_seen_at for row in known), default=now),
            changed_at=now,
        )

    def _inside(self, reading: MetricReading) -> list[LedgerMinute]:
        """The known rows within the reading's period: itself, or shorter ones."""
        starts = range(0, reading.period_seconds, MINUTE)
        found = (self.rows.get(reading.start + timedelta(seconds=offset)) for offset in starts)
        return [row for row in found if row is not None]

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


def _still_open(readings: Sequence[MetricReading]) -> list[MetricReading]:
    """Without those of hours that were rolled up: these are closed, and would be counted twice."""
    first, last = min(each.start for each in readings), max(each.start for each in readings)
    rolled = LedgerHour.objects.filter(hour__gt=first - HOUR, hour__lte=last)
    closed = set(rolled.values_list("aws_distribution_id", "hour"))
    if not closed:
        return list(readings)
    return [each for each in readings if (each.aws_distribution_id, floor_to(each.start, 3600)) not in closed]


def _known(readings: Sequence[MetricReading]) -> dict[str, _Page]:
    if not readings:
        return {}
    pages = {reading.aws_distribution_id: _Page() for reading in readings}
    first = floor_to(min(reading.start for reading in readings), 3600)
    last = max(reading.start + timedelta(seconds=reading.period_seconds) for reading in readings)
    rows = LedgerMinute.objects.filter(aws_distribution_id__in=pages, minute__gte=first, minute__lt=last)
    for row in rows:
        page = pages[row.aws_distribution_id]
        page.rows[row.minute] = row
        page.coarse |= row.period_seconds > MINUTE
    return pages


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
    """What a distribution delivered from start to `end` (exclusive), each period with its breakout.

    Periods count to the range they begin in; with `touching` also those that only reach into it.
    Without an end: all there is.
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
    """The attachments to the distribution that may touch start..end."""
    rows = Attachment.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=start - tail()), aws_distribution_id=aws_distribution_id
    )
    if end is not None:
        rows = rows.filter(started_at__lt=end)
    return [
        Span(breakout, started_at, None if ended_at is None else ended_at + tail())
        for breakout, started_at, ended_at in rows.values_list("breakout_id", "started_at", "ended_at")
    ]
