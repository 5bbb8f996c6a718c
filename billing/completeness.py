"""What has been read for the last time, and what is still missing of a stretch of days."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from billing.collection import AT_ONCE, usages_write
from billing.daily_rereads import READS, day_bounds, delivering, read_at, series_missing
from billing.ledger import counts_after
from billing.models import DailySeries
from billing.usage_figures import FINISHED, window_of
from channels_app.models import Attachment, Breakout
from channels_app.models.breakout import State, UsageStatus

LAST = READS[-1][1]
NAMES = 3


def breakouts_complete(now: datetime, quiet: timedelta) -> int:
    """Finish the breakouts whose days were all read for the last time; returns how many there are.

    A breakout on air without a datapoint becomes final with zero then. Final ones become complete.
    """
    rows = Breakout.objects.filter(usage_complete=False, state__in=FINISHED)
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    complete = 0
    for n in range(0, len(ids), AT_ONCE):
        done = _days_done(ids[n : n + AT_ONCE], now, quiet)
        if done:
            usages_write(sorted(done), now, quiet, days_done=done)
            complete += Breakout.objects.filter(pk__in=done, usage_complete=True).count()
    return complete


def _days_done(breakout_ids: Collection[int], now: datetime, quiet: timedelta) -> set[int]:
    """Those of these breakouts whose days were all read for the last time."""
    attachments = list(Attachment.objects.filter(breakout__in=breakout_ids))
    ids = {row.aws_distribution_id for row in attachments}
    series = DailySeries.objects.filter(aws_distribution_id__in=ids)
    read_before = dict(series.values_list("aws_distribution_id", "third_day"))
    open_ones = set()
    for row in attachments:
        window = window_of(row)
        last = (row.ended_at or now) + row.tail
        if row.aws_distribution_id:
            done = last.date() < read_before.get(row.aws_distribution_id, date.min)
        else:  # nothing can be read: time decides alone
            done = read_at(last.date(), LAST, quiet) <= now
        if window.end is None or not done:
            open_ones.add(row.breakout_id)
    return set(breakout_ids) - open_ones


# --- what is missing ------------------------------------------------------------------------


@dataclass(frozen=True)
class Missing:
    """What is missing until everything that begins in a stretch of days is complete, in sentences."""

    sentences: list[str]

    @property
    def complete(self) -> bool:
        return not self.sentences


def missing(
    start: datetime,
    end: datetime,
    now: datetime,
    *,
    of: QuerySet[Breakout] | None = None,
    whole: bool = True,
) -> Missing:
    """What is missing of whole days from start to end (exclusive). A constant number of queries.

    `of`: only these breakouts. `whole`: the days of all distributions, not only of those that delivered them.
    """
    if start > now:
        return Missing([_("It has not begun.")])
    sentences = (
        [_("It is not over: it ends at %(end)s UTC.") % {"end": f"{end:%Y-%m-%d %H:%M}"}] if end > now else []
    )
    rows = Breakout.objects.all() if of is None else of
    ids = None if whole else _distributions_of(rows, start, end)
    sentences += _days_missing(start.date(), (end - timedelta(microseconds=1)).date(), now, ids)
    sentences += _breakouts_missing(start, end, rows)
    return Missing(sentences)


def _distributions_of(rows: QuerySet[Breakout], start: datetime, end: datetime) -> set[str]:
    attached = Attachment.objects.filter(counts_after(start), started_at__lt=end, breakout__in=rows)
    return set(attached.values_list("aws_distribution_id", flat=True))


def _days_missing(first: date, last: date, now: datetime, ids: set[str] | None) -> list[str]:
    stored = DailySeries.objects.filter(first_day__lte=last, third_day__lte=min(last, now.date()))
    growing = set(stored.filter(delivering()).values_list("aws_distribution_id", flat=True))
    wanted = stored.filter(delivering() | Q(wanted_through__gte=first))
    unread = again = 0
    names: set[str] = set()
    for row in [*wanted, *series_missing(now)]:
        if ids is not None and row.aws_distribution_id not in ids:
            continue
        through = now.date() if row.aws_distribution_id in growing else row.wanted_through
        since, till = max(first, row.first_day), min(last, through, now.date())
        not_read = _count(max(since, row.next_day), till)
        not_again = _count(max(since, row.third_day), till) - not_read
        unread, again = unread + not_read, again + not_again
        if not_read or not_again:
            names.add(row.aws_distribution_id)
    text = _some(sorted(names))
    sentences = []
    if unread:
        sentences.append(
            _("Days of distributions that were never read as a whole: %(unread)s (%(text)s).")
            % {"unread": unread, "text": text}
        )
    if again:
        sentences.append(
            _("Days of distributions that are read again until four days later: %(again)s (%(text)s).")
            % {"again": again, "text": text}
        )
    return sentences


def _count(since: date, till: date) -> int:
    return max(0, (till - since).days + 1)


def _breakouts_missing(start: datetime, end: datetime, of: QuerySet[Breakout]) -> list[str]:
    """Those of the breakouts that touch the time and are not complete, by what they lack."""
    rows = of.filter(
        counts_after(start, "attachments__"),
        attachments__started_at__lt=end,
        attachments__isnull=False,
        usage_complete=False,
    ).exclude(state=State.IDLE)
    lists: dict[str, list[str]] = {}
    for name, status, suspect in rows.distinct().values_list("name", "usage_status", "usage_suspect"):
        if suspect:
            kind = _("Breakouts that were on air without a single datapoint")
        elif status != UsageStatus.FINAL:
            kind = _("Breakouts whose figures are not final")
        else:
            kind = _("Breakouts whose days are still read again")
        lists.setdefault(kind, []).append(name)
    return [f"{kind}: {len(names)} ({_some(sorted(names))})." for kind, names in sorted(lists.items())]


def day_missing(row: DailySeries | None, day: date, now: datetime, quiet: timedelta) -> str:
    """What is missing of one day of a distribution, in a sentence; empty if it is complete."""
    if row is None:
        return _("This distribution's days have not been read yet.")
    if day < row.third_day:
        return ""
    if day_bounds(day)[1] > now:
        return _("The day is not over.")
    for pointer, days in READS:
        if getattr(row, pointer) <= day:
            due = _("%(read_at)s UTC") % {"read_at": f"{read_at(day, days, quiet):%Y-%m-%d %H:%M}"}
            what = _("It is read as a whole") if pointer == "next_day" else _("It is read again")
            return _("%(what)s from %(due)s on.") % {"what": what, "due": due}
    return ""


def _some(names: list[str]) -> str:
    rest = len(names) - NAMES
    return ", ".join(names[:NAMES]) + (_(" and %(rest)s more") % {"rest": rest} if rest > 0 else "")
