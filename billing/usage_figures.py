"""What breakouts have in the ledger, and what that means for their usage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Case, Max, Sum, Value, When
from django.db.models.functions import TruncDate

from billing.attribution import Amount
from billing.ledger import HOUR
from billing.ledger_sums import Attributed, attributed, coverages
from billing.models import CollectionWindow, LedgerHour
from billing.reading_plan import confirmed_at
from billing.usage_window import Window, ceil_to, complete_until, last_end
from channels_app.models import Attachment, Breakout
from channels_app.models.breakout import State, UsageStatus
from channels_app.services.usage import Usage

FINISHED = (State.COMPLETED, State.CANCELLED)
# A failed breakout delivers nothing now, but it may be started again.
OFF_AIR = (*FINISHED, State.FAILED)
# A show shorter than this may have no minute of its own.
SHORT = timedelta(minutes=3)


@dataclass
class Figures:
    """What one breakout has in the ledger. `own`: a datapoint that is surely its own is among it."""

    amount: Amount = field(default_factory=Amount)
    approximate: bool = False
    own: bool = False
    by_day: defaultdict[tuple[str, date], Amount] = field(default_factory=lambda: defaultdict(Amount))
    changed_at: dict[str, datetime] = field(default_factory=dict)

    def add(self, part: Attributed) -> None:
        self.amount += part.amount
        self.approximate |= part.approximate and (part.amount.bytes_downloaded or part.amount.requests) > 0
        self.own |= part.alone or part.approximate
        self.by_day[part.aws_distribution_id, part.start.date()] += part.amount
        changed = part.changed_at
        if changed is not None:
            known = self.changed_at.get(part.aws_distribution_id, changed)
            self.changed_at[part.aws_distribution_id] = max(known, changed)


def window_of(attachment: Attachment) -> Window:
    """The window of an attachment, whose collection window is loaded."""
    row: CollectionWindow | None = getattr(attachment, "collection_window", None)
    return Window.of(
        attachment.started_at,
        attachment.ended_at,
        attachment.tail,
        read_at=row.read_at if row else None,
        settled=bool(row and row.settled_at),
    )


def attachments_by_breakout(breakout_ids: Collection[int]) -> dict[int, list[Attachment]]:
    """The attachments of many breakouts, oldest first, with windows, in one query."""
    rows = Attachment.objects.filter(breakout__in=breakout_ids).select_related("collection_window")
    by_breakout: defaultdict[int, list[Attachment]] = defaultdict(list)
    for row in rows.order_by("started_at", "pk"):
        by_breakout[row.breakout_id].append(row)
    return by_breakout


def figures_of(
    breakouts: Mapping[int, Breakout], attachments: Mapping[int, Sequence[Attachment]], now: datetime
) -> dict[int, Figures]:
    """The figures of each breakout. The number of queries does not depend on how many there are."""
    found: defaultdict[int, Figures] = defaultdict(Figures)
    known = [row for pk in breakouts for row in attachments.get(pk, ()) if row.aws_distribution_id]
    stretches: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in known:
        window = window_of(row)
        end = ceil_to(now) + HOUR if window.end is None else window.end
        if window.start < end:
            stretches[row.aws_distribution_id].append((window.start, end))
    merged = {aws_id: _merged(its) for aws_id, its in stretches.items()}
    if merged:
        first = min(its[0][0] for its in merged.values())
        last = max(its[-1][1] for its in merged.values())
        for part in attributed(merged, coverages(merged, first, last), wanted=breakouts):
            found[part.breakout or 0].add(part)
    _add_rolled_up(found, breakouts)
    for pk in breakouts:
        length = sum(((row.ended_at or now) - row.started_at for row in attachments.get(pk, ())), timedelta())
        found[pk].own |= length < SHORT and found[pk].amount.periods > 0
    return found


def usage_of(
    breakout: Breakout,
    attachments: Sequence[Attachment],
    figures: Figures,
    now: datetime,
    quiet: timedelta,
    *,
    days_done: bool = False,
) -> Usage:
    """The usage that these figures mean. `days_done`: the days of the breakout were read for the last time.

    Final: it is over, its windows are confirmed, and there is a datapoint or its days are done.
    """
    windows = [window_of(row) for row in attachments if row.aws_distribution_id]
    amount = figures.amount
    if breakout.usage_status == UsageStatus.FINAL:
        return Usage(
            status=UsageStatus.FINAL,
            bytes_downloaded=breakout.usage_bytes_downloaded,
            requests=breakout.usage_requests,
            complete_until=breakout.usage_complete_until,
            late_bytes=amount.bytes_downloaded - (breakout.usage_bytes_downloaded or 0),
            late_requests=amount.requests - (breakout.usage_requests or 0),
            approximate=figures.approximate,
            complete=breakout.usage_complete or days_done,
        )
    silent = bool(attachments) and not figures.own
    suspect = silent and not days_done and now - attachments[0].started_at >= quiet
    done = breakout.state in FINISHED and confirmed(attachments, figures, quiet)
    if done and (not silent or days_done):
        return Usage(
            status=UsageStatus.FINAL,
            bytes_downloaded=amount.bytes_downloaded,
            requests=amount.requests,
            complete_until=last_end(windows) or breakout.session_ended_at or breakout.state_since,
            approximate=figures.approximate,
            complete=days_done or not attachments,
        )
    pending = not amount.periods and breakout.state not in OFF_AIR
    return Usage(
        status=UsageStatus.PENDING if pending else UsageStatus.PROVISIONAL,
        bytes_downloaded=amount.bytes_downloaded if amount.periods else None,
        requests=amount.requests if amount.periods else None,
        complete_until=None if pending else complete_until(windows, quiet),
        approximate=figures.approximate,
        suspect=suspect,
    )


def confirmed(attachments: Sequence[Attachment], figures: Figures, quiet: timedelta) -> bool:
    """Whether each window is over and was read long enough after its end and its last change."""
    for attachment in attachments:
        window = window_of(attachment)
        if not attachment.aws_distribution_id:
            if window.end is None:
                return False
            continue
        if window.settled:
            continue
        if window.end is None or window.read_at is None:
            return False
        changed_at = figures.changed_at.get(attachment.aws_distribution_id)
        if window.read_at < confirmed_at(window.end, quiet, changed_at):
            return False
    return True


def _add_rolled_up(found: dict[int, Figures], breakouts: Mapping[int, Breakout]) -> None:
    """Add the hours to which minutes were rolled up. They do not change any more."""
    pks = {row.uid: pk for pk, row in breakouts.items()}
    hours = LedgerHour.objects.filter(breakout_uid__in=pks).annotate(
        day=TruncDate("hour"),
        rough=Case(When(approximate=True, then=Value(1)), default=Value(0)),
    )
    sums = hours.values_list("breakout_uid", "aws_distribution_id", "day")
    for uid, aws_id, day, downloaded, requests, rough in sums.annotate(
        Sum("bytes_downloaded"), Sum("requests"), Max("rough")
    ):
        figures = found[pks[uid]]
        amount = Amount(downloaded, requests, 1)
        figures.amount += amount
        figures.by_day[aws_id, day] += amount
        figures.approximate |= bool(rough)
        figures.own = True


def _merged(stretches: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same time without overlaps, in order."""
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
