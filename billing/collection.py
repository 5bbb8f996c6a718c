"""Which windows are read now, and how a collection updates the usage of their breakouts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.handover import usage_hand_over
from billing.ledger import ledger_lock
from billing.metric_requests import MetricRange
from billing.models import CollectionWindow, FinalFigure
from billing.reading_plan import first_read, next_read
from billing.usage_figures import (
    FINISHED,
    OFF_AIR,
    Figures,
    attachments_by_breakout,
    confirmed,
    figures_of,
    usage_of,
    window_of,
)
from billing.usage_window import Window
from channels_app.models import Attachment, Breakout
from channels_app.models.breakout import UsageStatus
from channels_app.services.usage import Usage, breakout_usages_record

AT_ONCE = 5000


@dataclass(frozen=True)
class DueWindow:
    """A window that is read now. `to_read`: the minutes to ask for (None: there are none yet)."""

    attachment: Attachment
    window: Window
    to_read: MetricRange | None


def unsettled() -> QuerySet[Attachment]:
    """Attachments with a CloudFront id whose window is not settled."""
    not_settled = Q(collection_window=None) | Q(collection_window__settled_at=None)
    return Attachment.objects.filter(not_settled).exclude(aws_distribution_id="")


def due_windows(now: datetime, quiet: timedelta) -> list[DueWindow]:
    """The unsettled windows of breakouts that are not final whose time to be read has come."""
    rows = unsettled().exclude(breakout__usage_status=UsageStatus.FINAL).select_related("collection_window")
    _plan(rows.filter(Q(collection_window=None) | Q(collection_window__next_read_at=None)), quiet)
    _plan(rows.filter(collection_window__planned_open=True, ended_at__isnull=False), quiet)
    due = rows.filter(collection_window__next_read_at__lte=now).order_by("started_at", "pk")
    return [_due(row, now, quiet) for row in due]


def _plan(rows: QuerySet[Attachment], quiet: timedelta) -> None:
    """Plan the first read of these windows, or the first after their end."""
    _store(
        CollectionWindow(
            attachment=row,
            next_read_at=first_read(window_of(row), quiet),
            planned_open=row.ended_at is None,
            **_kept(row),
        )
        for row in rows
    )


def _kept(row: Attachment) -> dict[str, datetime | None]:
    window: CollectionWindow | None = getattr(row, "collection_window", None)
    return {"read_at": window.read_at} if window else {}


def _store(windows: Iterable[CollectionWindow]) -> None:
    CollectionWindow.objects.bulk_create(
        windows,
        update_conflicts=True,
        unique_fields=["attachment"],
        update_fields=["read_at", "next_read_at", "planned_open", "settled_at", "figures_due"],
    )


def _due(row: Attachment, now: datetime, quiet: timedelta) -> DueWindow:
    window = window_of(row)
    span = window.to_read(now, quiet, full=window.end is not None)
    return DueWindow(row, window, MetricRange(row.aws_distribution_id, *span) if span else None)


# --- usage ----------------------------------------------------------------------------------


def usage_refresh(
    read: Iterable[DueWindow], now: datetime, quiet: timedelta, *, extend: Callable[[], bool]
) -> int:
    """Write the usage of what was read or has changed; returns how many breakouts became final.

    `read`: the windows that CloudWatch answered in full. `extend` keeps the lease; it stops if that is lost.
    """
    by_attachment = {due.attachment.pk: due.attachment.breakout_id for due in read}
    read_ids, breakouts = by_attachment.keys(), set(by_attachment.values())
    changed = CollectionWindow.objects.filter(figures_due=True)
    breakouts |= set(changed.values_list("attachment__breakout_id", flat=True))
    breakouts |= set(_without_open_window().values_list("pk", flat=True))
    final = 0
    for batch in _batches(sorted(breakouts)):
        if not extend():
            break
        final += usages_write(batch, now, quiet, read=read_ids)
    return final


def _without_open_window() -> QuerySet[Breakout]:
    """Finished breakouts of which nothing is read any more: never on air, or stopped after a failure."""
    finished = Breakout.objects.filter(state__in=FINISHED).exclude(usage_status=UsageStatus.FINAL)
    return finished.filter(~Exists(unsettled().filter(breakout=OuterRef("pk"))))


@transaction.atomic
def usages_write(
    breakout_ids: Sequence[int],
    now: datetime,
    quiet: timedelta,
    *,
    read: Collection[int] = (),
    days_done: Collection[int] = (),
) -> int:
    """Write figures, and plan the next read of the windows; returns how many breakouts became final.

    `read`: the attachments whose windows were read now. `days_done`: the breakouts whose days were read for
    the last time.
    """
    ledger_lock()
    breakouts = Breakout.objects.in_bulk(breakout_ids)
    attachments = attachments_by_breakout(breakouts)
    for rows in attachments.values():
        for row in rows:
            if row.pk in read:
                _window_row(row).read_at = now
    figures = figures_of(breakouts, attachments, now)
    usages = {
        pk: usage_of(row, attachments.get(pk, []), figures[pk], now, quiet, days_done=pk in days_done)
        for pk, row in breakouts.items()
    }
    written = breakout_usages_record(usages)
    final = [
        pk
        for pk in written
        if usages[pk].status == UsageStatus.FINAL and breakouts[pk].usage_status != UsageStatus.FINAL
    ]
    usage_hand_over(written)
    FinalFigure.objects.bulk_create(row for pk in final for row in _final_figures(pk, figures[pk]))
    _store(
        window
        for pk, rows in attachments.items()
        for window in _windows(breakouts[pk], rows, figures[pk], usages[pk], now, quiet, read)
    )
    return len(final)


def _final_figures(breakout_id: int, figures: Figures) -> Iterator[FinalFigure]:
    for (aws_id, day), amount in figures.by_day.items():
        yield FinalFigure(
            breakout_id=breakout_id,
            aws_distribution_id=aws_id,
            day=day,
            bytes_downloaded=amount.bytes_downloaded,
            requests=amount.requests,
        )


def _windows(
    breakout: Breakout,
    attachments: Sequence[Attachment],
    figures: Figures,
    usage: Usage,
    now: datetime,
    quiet: timedelta,
    read: Collection[int],
) -> Iterator[CollectionWindow]:
    """The windows as they are to be stored: their figures are written, and their next read is planned."""
    over = breakout.state in OFF_AIR and (figures.own or usage.status == UsageStatus.FINAL)
    settled = over and confirmed(attachments, figures, quiet)
    for attachment in attachments:
        if not attachment.aws_distribution_id:
            continue
        row = _window_row(attachment)
        row.figures_due = False
        if settled and row.settled_at is None:
            row.settled_at = now
        if attachment.pk in read:
            changed_at = figures.changed_at.get(attachment.aws_distribution_id)
            row.next_read_at = next_read(window_of(attachment), now, quiet, changed_at)
            row.planned_open = attachment.ended_at is None
        yield row


def _window_row(attachment: Attachment) -> CollectionWindow:
    """The attachment's window; a new one, to be stored, if it has none."""
    try:
        return attachment.collection_window
    except CollectionWindow.DoesNotExist:
        attachment.collection_window = CollectionWindow(attachment=attachment)
        return attachment.collection_window


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for n in range(0, len(ids), AT_ONCE):
        yield ids[n : n + AT_ONCE]
