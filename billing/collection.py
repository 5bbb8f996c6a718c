"""Which windows are still collected, and how a collection updates the usage of their breakouts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing import breakout_usage
from billing.ledger import final_after, ledger_lock
from billing.metric_requests import MetricRange
from billing.models import CollectionWindow
from billing.usage_window import Window, last_end
from channels_app.models import Attachment, Breakout
from channels_app.models.breakout import UsageStatus


@dataclass(frozen=True)
class OpenWindow:
    """A window that is still collected.

    `to_read`: the minutes to read now (None: none). `full`: the window is over and is read as a whole.
    """

    attachment: Attachment
    to_read: MetricRange | None
    full: bool

    @property
    def aws_distribution_id(self) -> str:
        return self.attachment.aws_distribution_id


def unsettled() -> QuerySet[Attachment]:
    """Attachments with a CloudFront id whose window is not settled."""
    not_settled = Q(collection_window=None) | Q(collection_window__settled_at=None)
    return Attachment.objects.filter(not_settled).exclude(aws_distribution_id="")


def open_windows(now: datetime) -> list[OpenWindow]:
    """The unsettled windows of all breakouts that are not final, each with the minutes to read."""
    rows = unsettled().exclude(breakout__usage_status=UsageStatus.FINAL)
    new = [CollectionWindow(attachment=row) for row in rows.filter(collection_window=None)]
    CollectionWindow.objects.bulk_create(new, ignore_conflicts=True)
    by_breakout = defaultdict(list)
    for row in rows.select_related("breakout", "collection_window").order_by("started_at"):
        by_breakout[row.breakout_id].append(row)
    return [
        window for attachments in by_breakout.values() for window in _windows_of_breakout(attachments, now)
    ]


def _windows_of_breakout(attachments: Sequence[Attachment], now: datetime) -> list[OpenWindow]:
    """The open windows of one breakout, given its unsettled attachments."""
    windows = [breakout_usage.window_of(attachment) for attachment in attachments]
    end = last_end(windows)
    full = (
        end is not None
        and attachments[0].breakout.state in breakout_usage.OFF_AIR
        and now >= end + final_after()
    )
    return [
        OpenWindow(attachment, _range_to_read(attachment, window, now, full), full)
        for attachment, window in zip(attachments, windows, strict=True)
    ]


def _range_to_read(attachment: Attachment, window: Window, now: datetime, full: bool) -> MetricRange | None:
    span = window.to_read(now, final_after(), full=full)
    return MetricRange(attachment.aws_distribution_id, *span) if span else None


def windows_mark_read(windows: Iterable[OpenWindow], now: datetime) -> None:
    """Note that CloudWatch answered in full for these windows, up to `now`."""
    attachments = [window.attachment for window in windows]
    CollectionWindow.objects.filter(attachment__in=attachments).update(read_at=now)


def usage_refresh(windows: Iterable[OpenWindow], read: Iterable[OpenWindow], now: datetime) -> int:
    """Write the usage of the windows' breakouts and settle complete windows.

    `read`: the windows that CloudWatch answered in full. Returns how many breakouts became final.
    """
    read_attachments = {window.attachment.pk for window in read}
    by_breakout = defaultdict(list)
    for window in windows:
        by_breakout[window.attachment.breakout_id].append(window)
    attachments = breakout_usage.attachments_by_breakout(by_breakout)
    changed = _changed_breakouts()
    final = 0
    for breakout_id, its_windows in by_breakout.items():
        covered = all(window.full and window.attachment.pk in read_attachments for window in its_windows)
        if breakout_id in changed or covered:
            final += _refresh(its_windows, attachments[breakout_id], now, covered)
        else:
            breakout_usage.usage_advance(its_windows[0].attachment.breakout, attachments[breakout_id])
    return final + finalise_rest()


def _changed_breakouts() -> set[int]:
    """The breakouts whose ledger changed since their figures were last written."""
    rows = CollectionWindow.objects.filter(settled_at=None, figures_due=True)
    return set(rows.values_list("attachment__breakout_id", flat=True))


@transaction.atomic
def _refresh(
    windows: Sequence[OpenWindow], attachments: Sequence[Attachment], now: datetime, covered: bool
) -> bool:
    """Write new figures for one breakout; returns whether they are final.

    If this run `covered` all its windows and nothing has changed for long enough, they are settled.
    """
    ledger_lock()
    breakout = windows[0].attachment.breakout
    rows = CollectionWindow.objects.filter(attachment__in=[window.attachment for window in windows])
    rows.update(figures_due=False)
    total, changed_at = breakout_usage.figures(breakout, attachments)
    settled = covered and (changed_at is None or changed_at + final_after() <= now)
    if settled:
        rows.update(settled_at=now)
    if settled and breakout.state in breakout_usage.FINISHED:
        return breakout_usage.usage_finalise(breakout, attachments, total)
    breakout_usage.usage_write(breakout, attachments, total)
    return False


def finalise_rest() -> int:
    """Finalise finished breakouts without an open window: never on air, or stopped after a failure."""
    open_windows = unsettled().filter(breakout=OuterRef("pk"))
    finished = Breakout.objects.filter(state__in=breakout_usage.FINISHED).exclude(
        usage_status=UsageStatus.FINAL
    )
    return sum(breakout_usage.usage_finalise(row) for row in finished.filter(~Exists(open_windows)))
