"""Which windows are still to be collected, and what a collection makes of their breakouts' usage."""

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
    """A window that is still collected. `ask` None: nothing new to ask; `full`: over, and asked from its
    first minute to its last."""

    attachment: Attachment
    ask: MetricRange | None
    full: bool

    @property
    def aws_distribution_id(self) -> str:
        return self.attachment.aws_distribution_id


def unsettled() -> QuerySet[Attachment]:
    """Attachments that CloudFront knows and whose window is not settled."""
    open_here = Q(collection_window=None) | Q(collection_window__settled_at=None)
    return Attachment.objects.filter(open_here).exclude(aws_distribution_id="")


def open_windows(now: datetime) -> list[OpenWindow]:
    """The windows of all breakouts that are not final, with what to ask for each."""
    rows = unsettled().exclude(breakout__usage_status=UsageStatus.FINAL)
    begun = [CollectionWindow(attachment=row) for row in rows.filter(collection_window=None)]
    CollectionWindow.objects.bulk_create(begun, ignore_conflicts=True)
    by_breakout = defaultdict(list)
    for row in rows.select_related("breakout", "collection_window").order_by("started_at"):
        by_breakout[row.breakout_id].append(row)
    return [window for attachments in by_breakout.values() for window in _of_one(attachments, now)]


def _of_one(attachments: Sequence[Attachment], now: datetime) -> list[OpenWindow]:
    """The open windows of one breakout."""
    windows = [breakout_usage.window_of(attachment) for attachment in attachments]
    end = last_end(windows)
    full = (
        end is not None
        and attachments[0].breakout.state in breakout_usage.OVER
        and now >= end + final_after()
    )
    return [
        OpenWindow(attachment, _ask(attachment, window, now, full), full)
        for attachment, window in zip(attachments, windows, strict=True)
    ]


def _ask(attachment: Attachment, window: Window, now: datetime, full: bool) -> MetricRange | None:
    span = window.due(now, final_after(), full=full)
    return MetricRange(attachment.aws_distribution_id, *span) if span else None


def windows_read(windows: Iterable[OpenWindow], now: datetime) -> None:
    """CloudWatch answered in full for these, up to `now`."""
    attachments = [window.attachment for window in windows]
    CollectionWindow.objects.filter(attachment__in=attachments).update(read_at=now)


def usage_refresh(windows: Iterable[OpenWindow], read: Iterable[OpenWindow], now: datetime) -> int:
    """Write the usage of the windows' breakouts, settle what is complete; how many became final."""
    answered = {window.attachment.pk for window in read}
    by_breakout = defaultdict(list)
    for window in windows:
        by_breakout[window.attachment.breakout_id].append(window)
    attachments = breakout_usage.attachments_by_breakout(by_breakout)
    due = _due()
    final = 0
    for breakout_id, its in by_breakout.items():
        covered = all(window.full and window.attachment.pk in answered for window in its)
        if breakout_id in due or covered:
            final += _refresh(its, attachments[breakout_id], now, covered)
        else:
            breakout_usage.usage_advance(its[0].attachment.breakout, attachments[breakout_id])
    return final + finalise_rest()


def _due() -> set[int]:
    """The breakouts whose ledger changed since their figures were written."""
    rows = CollectionWindow.objects.filter(settled_at=None, figures_due=True)
    return set(rows.values_list("attachment__breakout_id", flat=True))


@transaction.atomic
def _refresh(
    windows: Sequence[OpenWindow], attachments: Sequence[Attachment], now: datetime, covered: bool
) -> bool:
    """New figures for one breakout; whether they are final.

    If all its windows were `covered` by this run and nothing moved for long enough, they are settled.
    """
    ledger_lock()
    breakout = windows[0].attachment.breakout
    rows = CollectionWindow.objects.filter(attachment__in=[window.attachment for window in windows])
    rows.update(figures_due=False)
    total, changed_at = breakout_usage.figures(breakout, attachments)
    settled = covered and (changed_at is None or changed_at + final_after() <= now)
    if settled:
        rows.update(settled_at=now)
    if settled and breakout.state in breakout_usage.DONE:
        return breakout_usage.usage_finalise(breakout, attachments, total)
    breakout_usage.usage_write(breakout, attachments, total)
    return False


def finalise_rest() -> int:
    """Finalise what is done without a window of its own: never on air, or failed, settled, then stopped."""
    waiting = unsettled().filter(breakout=OuterRef("pk"))
    done = Breakout.objects.filter(state__in=breakout_usage.DONE).exclude(usage_status=UsageStatus.FINAL)
    return sum(breakout_usage.usage_finalise(row) for row in done.filter(~Exists(waiting)))
