"""The usage of a breakout: its figures, how far they are complete, and when they are final.

*pending*: no figure yet. *provisional*: CloudFront has published something, or the breakout is over, but
figures may still rise. *final*: the breakout is completed or cancelled, and a collection of its whole
window, at least `METRICS_FINAL_AFTER_SECONDS` after the window's end and after the last change, brought
nothing new. Only then does "no data" count as zero.

After final nothing changes on the breakout. Should a later reading of the whole day raise one of its
minutes all the same, the ledger takes it and the difference is shown as `late_bytes`: Σ breakouts
+ late + unattributed = Σ ledger stays true, and no figure changes behind anybody's back.
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

DONE = (State.COMPLETED, State.CANCELLED)
# A failed breakout delivers nothing for now, but it may be started again.
OVER = (*DONE, State.FAILED)


def window_of(attachment: Attachment) -> Window:
    """The window of an attachment (with its collection window loaded)."""
    row: CollectionWindow | None = getattr(attachment, "collection_window", None)
    return Window.of(
        attachment.started_at,
        attachment.ended_at,
        tail(),
        read_at=row.read_at if row else None,
        settled=bool(row and row.settled_at),
    )


def attachments_of(breakout: Breakout) -> list[Attachment]:
    """The breakout's attachments that CloudFront knows, oldest first."""
    return attachments_by_breakout([breakout.pk]).get(breakout.pk, [])


def attachments_by_breakout(breakout_ids: Collection[int]) -> dict[int, list[Attachment]]:
    """The same for many breakouts in one query; those without any are left out."""
    rows = Attachment.objects.filter(breakout__in=breakout_ids).exclude(aws_distribution_id="")
    found: defaultdict[int, list[Attachment]] = defaultdict(list)
    for row in rows.select_related("collection_window").order_by("started_at", "pk"):
        found[row.breakout_id].append(row)
    return found


def periods_of(breakout_id: int, attachments: Sequence[Attachment]) -> Iterator[tuple[str, Period]]:
    """The breakout's own periods of the ledger, by distribution and time."""
    for aws_id in dict.fromkeys(attachment.aws_distribution_id for attachment in attachments):
        windows = [window_of(each) for each in attachments if each.aws_distribution_id == aws_id]
        start = min(window.start for window in windows)
        end = last_end(windows)
        for period, owner in attributed(aws_id, start, end, touching=True):
            if owner == breakout_id:
                yield aws_id, period


def figures(breakout: Breakout, attachments: Sequence[Attachment]) -> tuple[Amount, datetime | None]:
    """What the ledger says of the breakout, and when any of it last changed (None: it says nothing)."""
    periods = [period for _aws_id, period in periods_of(breakout.pk, attachments)]
    changed_at = max((period.changed_at for period in periods if period.changed_at), default=None)
    return total_of(periods), changed_at


def usage_advance(breakout: Breakout, attachments: Sequence[Attachment]) -> None:
    """The figures are the same; write how far they are complete by now."""
    known = breakout.usage_bytes_downloaded is not None
    total = Amount(breakout.usage_bytes_downloaded or 0, breakout.usage_requests or 0, int(known))
    usage_write(breakout, attachments, total)


def usage_write(breakout: Breakout, attachments: Sequence[Attachment], total: Amount) -> None:
    """Write figures that may still rise."""
    windows = [window_of(attachment) for attachment in attachments]
    pending = not total.periods and breakout.state not in OVER
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
    """Write the final figures of a breakout whose windows are all settled; no data is zero now.

    Attachments and total are read if they are not given. Whether anything was written.
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
    """One row of the ledger that is the breakout's: a minute, or a longer period of long ago.

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
    """What one distribution delivered for the breakout; `attached`: from, to (None: still is)."""

    aws_distribution_id: str
    bytes_downloaded: int
    requests: int
    attached: list[tuple[datetime, datetime | None]]


@dataclass(frozen=True)
class UsageReport:
    """Everything known about a breakout's usage (bytes, requests).

    The totals are Σ distributions = Σ minutes; after final they stay as they are, and what came later is
    `late_bytes` and `late_requests`. `open`: sentences on what is still awaited.
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
    total = sum((Amount(each.bytes_downloaded, each.requests, 1) for each in minutes), Amount())
    final = breakout.usage_status == UsageStatus.FINAL
    known = Amount(breakout.usage_bytes_downloaded or 0, breakout.usage_requests or 0) if final else total
    known_at_all = final or total.periods > 0
    status = breakout.usage_status
    if total.periods and status == UsageStatus.PENDING:
        status = UsageStatus.PROVISIONAL
    return UsageReport(
        breakout=str(breakout.pk),
        status=str(status),
        bytes_downloaded=known.bytes_downloaded if known_at_all else None,
        requests=known.requests if known_at_all else None,
        late_bytes=total.bytes_downloaded - known.bytes_downloaded,
        late_requests=total.requests - known.requests,
        complete_until=breakout.usage_complete_until,
        distributions=_by_distribution(attachments, minutes),
        minutes=minutes,
        open=awaited(breakout, attachments),
    )


def _minutes(breakout: Breakout, attachments: Sequence[Attachment]) -> list[PeriodUsage]:
    """The breakout's periods, in order of time; hours where the minutes were rolled up."""
    final, until = breakout.usage_status == UsageStatus.FINAL, breakout.usage_complete_until
    rolled = LedgerHour.objects.filter(breakout_uid=breakout.uid)
    found = [
        PeriodUsage(row.hour, 3600, row.aws_distribution_id, row.bytes_downloaded, row.requests, False)
        for row in rolled
    ]
    for aws_id, each in periods_of(breakout.pk, attachments):
        provisional = not final and (until is None or each.end > until)
        found.append(
            PeriodUsage(each.start, each.seconds, aws_id, each.bytes_downloaded, each.requests, provisional)
        )
    return sorted(found, key=lambda each: (each.minute, each.aws_distribution_id))


def _by_distribution(
    attachments: Sequence[Attachment], minutes: Sequence[PeriodUsage]
) -> list[DistributionUsage]:
    """In the order in which the distributions were attached."""
    attached: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for each in attachments:
        attached.setdefault(each.aws_distribution_id, []).append((each.started_at, each.ended_at))
    return [
        DistributionUsage(
            aws_id,
            sum(each.bytes_downloaded for each in minutes if each.aws_distribution_id == aws_id),
            sum(each.requests for each in minutes if each.aws_distribution_id == aws_id),
            intervals,
        )
        for aws_id, intervals in attached.items()
    ]


def awaited(breakout: Breakout, attachments: Sequence[Attachment]) -> list[str]:
    """What is still open about the figures, one sentence each; nothing once they are final."""
    if breakout.usage_status == UsageStatus.FINAL:
        return []
    if breakout.state == State.IDLE:
        return ["The breakout has not been started."]
    windows = [window_of(attachment) for attachment in attachments]
    found = [_awaited_state(breakout, last_end(windows))]
    if not any(window.read_at for window in windows):
        found.append("CloudWatch has not been read for this breakout yet.")
    elif breakout.usage_bytes_downloaded is None:
        found.append("CloudFront has published no data yet; that is not zero until the figures are final.")
    collection = COLLECT_METRICS.row()
    if collection is not None and collection.error:
        found.append(f"The last collection went wrong and will be repeated: {collection.error}")
    return found


def _awaited_state(breakout: Breakout, end: datetime | None) -> str:
    if breakout.state not in OVER:
        return f"The breakout is {breakout.state}: its figures grow."
    if breakout.state == State.FAILED:
        return "The breakout failed and may be started again; stop it, and its figures can become final."
    if end is None:
        return "The next collection makes the figures final: nothing was delivered."
    earliest = f"{end + final_after():%Y-%m-%d %H:%M:%S} UTC"
    return f"Late data is awaited: final at {earliest} at the earliest, if nothing changes until then."
