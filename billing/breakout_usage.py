"""The report on a breakout's usage, from the ledger as it is now (docs/billing.md has the rule).

*pending*: no figure yet. *provisional*: CloudFront has published data, or the breakout is over, but figures
may still change. *final*: they do not change any more; what the ledger learns later is late, of either sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from billing.attribution import Amount, attribute
from billing.jobs import COLLECT_METRICS
from billing.ledger import HOUR
from billing.ledger_sums import coverages, periods
from billing.models import LedgerHour
from billing.publication_delay import quiet_time
from billing.usage_figures import OFF_AIR, attachments_by_breakout, window_of
from billing.usage_window import Window, last_end
from channels_app.models import Attachment, Breakout
from channels_app.models.breakout import State, UsageStatus
from streamhub.clock import database_now


class Data(StrEnum):
    """What stands behind a breakout's figures."""

    DELIVERED = "delivered"
    ZERO_VIEWERS = "zero_viewers"  # CloudFront reports, and reports nothing delivered
    NONE = "no_data"  # CloudFront has not reported at all
    NO_DISTRIBUTION = "no_distribution"  # no distribution was known that could report
    NOT_ON_AIR = "not_on_air"


@dataclass(frozen=True)
class PeriodUsage:
    """The breakout's share of a period of the ledger: a minute, or longer where minutes are not kept.

    `provisional`: the figure may still change. `approximate`: it is a share of a longer period.
    """

    minute: datetime
    period_seconds: int
    aws_distribution_id: str
    bytes_downloaded: int
    requests: int
    provisional: bool
    approximate: bool


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

    Once final the totals do not change; what CloudFront publishes later is in `late_bytes` and
    `late_requests`. Totals and late ones add up to the sums over distributions and over minutes.
    `open`: sentences on what is missing.
    """

    breakout: str
    status: str
    bytes_downloaded: int | None
    requests: int | None
    late_bytes: int
    late_requests: int
    approximate: bool
    suspect: bool
    complete: bool
    data: Data
    complete_until: datetime | None
    distributions: list[DistributionUsage]
    minutes: list[PeriodUsage]
    open: list[str]


def breakout_usage(breakout: Breakout) -> UsageReport:
    """The report on one breakout, from the ledger as it is now."""
    attachments = attachments_by_breakout([breakout.pk]).get(breakout.pk, [])
    known = [row for row in attachments if row.aws_distribution_id]
    minutes = _minutes(breakout, known)
    total = sum((Amount(minute.bytes_downloaded, minute.requests, 1) for minute in minutes), Amount())
    final = breakout.usage_status == UsageStatus.FINAL
    counted = Amount(breakout.usage_bytes_downloaded or 0, breakout.usage_requests or 0) if final else total
    has_data = final or total.periods > 0
    status = breakout.usage_status
    if total.periods and status == UsageStatus.PENDING:
        status = UsageStatus.PROVISIONAL
    data = _data(attachments, total)
    return UsageReport(
        breakout=str(breakout.pk),
        status=str(status),
        bytes_downloaded=counted.bytes_downloaded if has_data else None,
        requests=counted.requests if has_data else None,
        late_bytes=total.bytes_downloaded - counted.bytes_downloaded,
        late_requests=total.requests - counted.requests,
        approximate=breakout.usage_approximate or any(minute.approximate for minute in minutes),
        suspect=breakout.usage_suspect,
        complete=breakout.usage_complete,
        data=data,
        complete_until=breakout.usage_complete_until,
        distributions=_by_distribution(known, minutes),
        minutes=minutes,
        open=open_points(breakout, attachments, data),
    )


def _minutes(breakout: Breakout, attachments: Sequence[Attachment]) -> list[PeriodUsage]:
    """The breakout's periods in order of time, with hours where the minutes were rolled up."""
    final, until = breakout.usage_status == UsageStatus.FINAL, breakout.usage_complete_until
    rolled = LedgerHour.objects.filter(breakout_uid=breakout.uid)
    usages = [
        PeriodUsage(
            row.hour,
            3600,
            row.aws_distribution_id,
            row.bytes_downloaded,
            row.requests,
            provisional=False,
            approximate=row.approximate,
        )
        for row in rolled
    ]
    for aws_id in dict.fromkeys(row.aws_distribution_id for row in attachments):
        windows = [window_of(row) for row in attachments if row.aws_distribution_id == aws_id]
        usages += _of_distribution(breakout.pk, aws_id, windows, None if final else until, final=final)
    return sorted(usages, key=lambda usage: (usage.minute, usage.aws_distribution_id, usage.period_seconds))


def _of_distribution(
    breakout_id: int, aws_id: str, windows: Sequence[Window], until: datetime | None, *, final: bool
) -> Iterator[PeriodUsage]:
    start = min(window.start for window in windows)
    end = last_end(windows) or max(database_now(), start) + 400 * timedelta(days=1)
    coverage = coverages([aws_id], start, end)[aws_id]
    # Longer periods reach into the window and out of it: what is known inside them is not theirs.
    for period, its_shares in attribute(periods(aws_id, start - HOUR, end + HOUR), coverage):
        for share in its_shares:
            if share.breakout == breakout_id:
                yield PeriodUsage(
                    period.start,
                    period.seconds,
                    aws_id,
                    share.amount.bytes_downloaded,
                    share.amount.requests,
                    provisional=not final and (until is None or period.end > until),
                    approximate=period.approximate,
                )


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


def _data(attachments: Sequence[Attachment], total: Amount) -> Data:
    if not attachments:
        return Data.NOT_ON_AIR
    if total.bytes_downloaded or total.requests:
        return Data.DELIVERED
    if total.periods:
        return Data.ZERO_VIEWERS
    known = any(row.aws_distribution_id for row in attachments)
    return Data.NONE if known else Data.NO_DISTRIBUTION


def open_points(breakout: Breakout, attachments: Sequence[Attachment], data: Data) -> list[str]:
    """What is still missing from the figures, one sentence each; nothing once they are final."""
    if breakout.usage_status == UsageStatus.FINAL:
        return []
    if breakout.state == State.IDLE:
        return ["The breakout has not been started."]
    windows = [window_of(row) for row in attachments if row.aws_distribution_id]
    sentences = [_open_state(breakout, last_end(windows), silent=data in (Data.NONE, Data.NO_DISTRIBUTION))]
    if windows and not any(window.read_at for window in windows):
        sentences.append("CloudWatch has not been read for this breakout yet.")
    else:
        sentences += data_points(data)
    if breakout.usage_suspect:
        sentences.append(
            "This is suspect: it was on air, and CloudFront reports nothing at all. Look at the"
            " distribution and at the encoder."
        )
    job = COLLECT_METRICS.row()
    if job is not None and job.error:
        sentences.append(f"The last collection failed and will be repeated: {job.error}")
    return sentences


def data_points(data: Data) -> list[str]:
    """What it means that there are no bytes; nothing if there are some."""
    texts = {
        Data.ZERO_VIEWERS: "CloudFront reports, and it delivered nothing: nobody watched.",
        Data.NONE: "CloudFront has not published any data. That is not zero viewers.",
        Data.NO_DISTRIBUTION: "No distribution was known that could have delivered it.",
    }
    return [texts[data]] if data in texts else []


def _open_state(breakout: Breakout, end: datetime | None, *, silent: bool) -> str:
    if breakout.state not in OFF_AIR:
        return f"The breakout is {breakout.state}: its figures still grow."
    if breakout.state == State.FAILED:
        return "The breakout failed and may be started again. Stop it so that its figures can become final."
    if silent:
        return "The figures become final once CloudFront publishes data, or as zero after four days."
    if end is None:
        return "Nothing was delivered; the next collection makes the figures final."
    earliest = f"{end + quiet_time(database_now()):%Y-%m-%d %H:%M:%S} UTC"
    return f"CloudFront may still publish late data: the figures become final at {earliest} or later."
