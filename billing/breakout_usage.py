"""The usage of a breakout: its figures, until when they are complete, and when they are final.

*pending*: no figure yet. *provisional*: CloudFront has published data, or the breakout is over, but figures
may still rise. *final*: the breakout is completed or cancelled, and reading its whole window, at least
`METRICS_FINAL_AFTER_SECONDS` after its end and after the last change, brought nothing new. Only then does
"no data" count as zero.

Final figures never change. If a later read of the whole day raises one of the minutes, the ledger takes it
and the report shows the difference as `late_bytes`: Σ breakouts + late + unattributed = Σ ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.attribution import Amount, Period, total_of
from billing.jobs import COLLECT_METRICS
from billing.ledger import attributed, final_after, tail
from billing.models import CollectionWindow, LedgerHour
from billing.usage_window import Window, complete_until, floor_to, last_end
from channels_app.models import Attachment, Breakout
from channels_app.models.breakout import State, UsageStatus
from channels_app.services.usage import breakout_usage_record

FINISHED = (State.COMPLETED, State.CANCELLED)
# A failed breakout delivers nothing now, but it may be started again.
OFF_AIR = (*FINISHED, State.FAILED)


def window_of(attachment: Attachment) -> Window:
    """The window of an attachment, whose collection window is loaded."""
    row: CollectionWindow | None = getattr(attachment, "collection_window", None)
    return Window.of(
        attachment.started_at,
        attachment.ended_at,
        tail(),
        read_at=row.read_at if row else None,
        settled=bool(row and row.settled_at),
    )


def attachments_of(breakout: Breakout) -> list[Attachment]:
    """The breakout's attachments with a CloudFront id, oldest first."""
    return attachments_by_breakout([breakout.pk]).get(breakout.pk, [])


def attachments_by_breakout(breakout_ids: Collection[int]) -> dict[int, list[Attachment]]:
    """The same for many breakouts in one query. Breakouts without attachments are left out."""
    rows = Attachment.objects.filter(breakout__in=breakout_ids).exclude(aws_distribution_id="")
    by_breakout: defaultdict[int, list[Attachment]] = defaultdict(list)
    for row in rows.select_related("collection_window").order_by("started_at", "pk"):
        by_breakout[row.breakout_id].append(row)
    return by_breakout


def periods_of(breakout_id: int, attachments: Sequence[Attachment]) -> Iterator[tuple[str, Period]]:
    """The ledger's periods that go to the breakout, by distribution and time."""
    for aws_id in dict.fromkeys(attachment.aws_distribution_id for attachment in attachments):
        windows = [
            window_of(attachment) for attachment in attachments if attachment.aws_distribution_id == aws_id
        ]
        start = min(window.start for window in windows)
        end = last_end(windows)
        for period, owner in attributed(aws_id, start, end, touching=True):
            if owner == breakout_id:
                yield aws_id, period


def figures(breakout: Breakout, attachments: Sequence[Attachment]) -> tuple[Amount, datetime | None]:
    """The breakout's figures in the ledger, and when one of them last changed (None: there are none)."""
    periods = [period for _aws_id, period in periods_of(breakout.pk, attachments)]
    changed_at = max((period.changed_at for period in periods if period.changed_at), default=None)
    return total_of(periods), changed_at


def usage_advance(breakout: Breakout, attachments: Sequence[Attachment]) -> None:
    """Keep the figures, and write until when they are complete."""
    has_data = breakout.usage_bytes_downloaded is not None
    total = Amount(breakout.usage_bytes_downloaded or 0, breakout.usage_requests or 0, int(has_data))
    usage_write(breakout, attachments, total)


def usage_write(breakout: Breakout, attachments: Sequence[Attachment], total: Amount) -> None:
    """Write figures that may still rise."""
    windows = [window_of(attachment) for attachment in attachments]
    pending = not total.periods and breakout.state not in OFF_AIR
    breakout_usage_record(
        breakout.pk,
        status=UsageStatus.PENDING if pending else UsageStatus.PROVISIONAL,
        bytes_downloaded=total.bytes_downloaded if total.periods else None,
        requests=total.requests if total.periods else None,
        complete_until=None if pending else complete_until(windows, final_after()),
    )


def usage_finalise(
    breakout: Breakout, attachments: Sequence[Attachment] | None = None, total: Amount | None = None
) -> bool:
    """Write the final figures of a breakout whose windows are all settled; "no data" becomes zero.

    Attachments and total are read if not given. Returns whether anything was written.
    """
    attachments = attachments_of(breakout) if attachments is None else attachments
    total = figures(breakout, attachments)[0] if total is None else total
    until = last_end([window_of(attachment) for attachment in attachments])
    return breakout_usage_record(
        breakout.pk,
        status=UsageStatus.FINAL,
        bytes_downloaded=total.bytes_downloaded,
        requests=total.requests,
        complete_until=until or floor_to(breakout.session_ended_at or breakout.state_since),
    )


# --- the report -----------------------------------------------------------------------------


@dataclass(frozen=True)
class PeriodUsage:
    """A period of the ledger that goes to the breakout: a minute, or longer where minutes are not kept.

    `provisional`: the figure may still rise.
    """

    minute: datetime
    period_seconds: int
    aws_distribution_id: str
    bytes_downloaded: int
    requests: int
    provisional: bool


@dataclass(frozen=True)
class DistributionUsage:
    """What one distribution delivered for the breakout. `attached`: from and to (None: still attached)."""

    aws_distribution_id: str
    bytes_downloaded: int
    requests: int
    attached: list[tuple[datetime, datetime | None]]


@dataclass(frozen=True)
class UsageReport:
    """A breakout's usage in bytes and requests.

    The totals are the sums over distributions and over minutes. Once final they do not change; what
    CloudFront publishes later is in `late_bytes` and `late_requests`. `open`: sentences on what is missing.
    """

    breakout: str
    status: str
    bytes_downloaded: int | None
    requests: int | None
    late_bytes: int
    late_requests: int
    complete_until: datetime | None
    distributions: list[DistributionUsage]
    minutes: list[PeriodUsage]
    open: list[str]


def breakout_usage(breakout: Breakout) -> UsageReport:
    """The report on one breakout, from the ledger as it is now."""
    attachments = attachments_of(breakout)
    minutes = _minutes(breakout, attachments)
    total = sum((Amount(minute.bytes_downloaded, minute.requests, 1) for minute in minutes), Amount())
    final = breakout.usage_status == UsageStatus.FINAL
    counted = Amount(breakout.usage_bytes_downloaded or 0, breakout.usage_requests or 0) if final else total
    has_data = final or total.periods > 0
    status = breakout.usage_status
    if total.periods and status == UsageStatus.PENDING:
        status = UsageStatus.PROVISIONAL
    return UsageReport(
        breakout=str(breakout.pk),
        status=str(status),
        bytes_downloaded=counted.bytes_downloaded if has_data else None,
        requests=counted.requests if has_data else None,
        late_bytes=total.bytes_downloaded - counted.bytes_downloaded,
        late_requests=total.requests - counted.requests,
        complete_until=breakout.usage_complete_until,
        distributions=_by_distribution(attachments, minutes),
        minutes=minutes,
        open=open_points(breakout, attachments),
    )


def _minutes(breakout: Breakout, attachments: Sequence[Attachment]) -> list[PeriodUsage]:
    """The breakout's periods in order of time, with hours where the minutes were rolled up."""
    final, until = breakout.usage_status == UsageStatus.FINAL, breakout.usage_complete_until
    rolled = LedgerHour.objects.filter(breakout_uid=breakout.uid)
    usages = [
        PeriodUsage(row.hour, 3600, row.aws_distribution_id, row.bytes_downloaded, row.requests, False)
        for row in rolled
    ]
    for aws_id, period in periods_of(breakout.pk, attachments):
        provisional = not final and (until is None or period.end > until)
        amounts = period.bytes_downloaded, period.requests
        usages.append(PeriodUsage(period.start, period.seconds, aws_id, *amounts, provisional))
    return sorted(usages, key=lambda usage: (usage.minute, usage.aws_distribution_id))


def _by_distribution(
    attachments: Sequence[Attachment], minutes: Sequence[PeriodUsage]
) -> list[DistributionUsage]:
    """The usage of each distribution, in the order of attachment."""
    attached: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for attachment in attachments:
        interval = attachment.started_at, attachment.ended_at
        attached.setdefault(attachment.aws_distribution_id, []).append(interval)
    return [
        DistributionUsage(
            aws_id,
            sum(minute.bytes_downloaded for minute in minutes if minute.aws_distribution_id == aws_id),
            sum(minute.requests for minute in minutes if minute.aws_distribution_id == aws_id),
            intervals,
        )
        for aws_id, intervals in attached.items()
    ]


def open_points(breakout: Breakout, attachments: Sequence[Attachment]) -> list[str]:
    """What is still missing from the figures, one sentence each; nothing once they are final."""
    if breakout.usage_status == UsageStatus.FINAL:
        return []
    if breakout.state == State.IDLE:
        return ["The breakout has not been started."]
    windows = [window_of(attachment) for attachment in attachments]
    sentences = [_open_state(breakout, last_end(windows))]
    if not any(window.read_at for window in windows):
        sentences.append("CloudWatch has not been read for this breakout yet.")
    elif breakout.usage_bytes_downloaded is None:
        sentences.append("CloudFront has not published any data yet; that counts as zero only once final.")
    job = COLLECT_METRICS.row()
    if job is not None and job.error:
        sentences.append(f"The last collection failed and will be repeated: {job.error}")
    return sentences


def _open_state(breakout: Breakout, end: datetime | None) -> str:
    if breakout.state not in OFF_AIR:
        return f"The breakout is {breakout.state}: its figures still grow."
    if breakout.state == State.FAILED:
        return "The breakout failed and may be started again. Stop it so that its figures can become final."
    if end is None:
        return "Nothing was delivered; the next collection makes the figures final."
    earliest = f"{end + final_after():%Y-%m-%d %H:%M:%S} UTC"
    return f"CloudFront may still publish late data: the figures become final at {earliest} or later."
