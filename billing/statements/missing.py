"""Why a statement cannot be issued yet, in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Min, Q, QuerySet
from django.utils.translation import gettext as _

from billing.completeness import missing
from billing.costs.usage.calendar import HOUR, HOUR_SECONDS, is_final
from billing.costs.usage.sums import PACKAGED
from billing.daily_rereads import DAY, day_bounds
from billing.models import EncoderPhase
from billing.pricing.catalogue import STORAGE
from billing.statement_rows import Statement
from billing.statements.month import Month
from billing.usage_rows import ServiceUsage, UsageHour
from billing.usage_window import ceil_to, floor_to
from channels_app.models import Breakout
from recordings.models import Recording

# Days of storage are not counted again after that (`costs.usage.storage`).
COUNTED_FOR = timedelta(days=31)
STORED = STORAGE.usage_type


def statement_missing(statement: Statement, month: Month, unpriced: Iterable[str]) -> list[str]:
    """What is open of everything that it covers: days, breakouts, rates; and whether there is anything."""
    of = Breakout.objects.filter(customer=month.customer)
    lacks = missing(month.start, month.end, month.now, of=of, whole=month.takes_the_rest).sentences
    lacks += _usage_open(month)
    lacks += [_("The price book has no rate for %(title)s.") % {"title": title} for title in sorted(unpriced)]
    if not statement.lines_count and not lacks:
        lacks.append(_("There is nothing new to state: it has no line."))
    return lacks


def _usage_open(month: Month) -> list[str]:
    """What of MediaPackage and S3 is still read or counted again, and what the job has not collected."""
    since = max(month.start, ceil_to(month.now - COUNTED_FOR, HOUR_SECONDS))
    until = min(month.end, month.now)
    rows = _open_rows(month, since)
    sentences = []
    if count := rows.count():
        sentence = _("Hours of MediaPackage and days of recordings that are counted again: {count}.")
        sentences.append(sentence.format(count=count))
    known = set(rows.values_list("usage_type", "start"))
    hours = _hours_lacking(month, since, until) - {start for kind, start in known if kind != STORED}
    days = _days_lacking(month, since, until) - {start for kind, start in known if kind == STORED}
    if count := len(hours) + len(days):
        sentence = _("Hours of MediaPackage and days of recordings that collect_usage has to read: {count}.")
        sentences.append(sentence.format(count=count))
    return sentences


def _open_rows(month: Month, since: datetime) -> QuerySet[ServiceUsage]:
    mine = Q(breakout_uid__in=Breakout.objects.filter(customer=month.customer).values("uid"))
    if month.takes_the_rest:
        mine |= Q(breakout_uid="")
    return ServiceUsage.objects.filter(
        mine,
        usage_type__in=[usage.usage_type for usage in (*PACKAGED, STORAGE)],
        start__gte=since,
        start__lt=month.end,
        final=False,
    )


def _hours_lacking(month: Month, since: datetime, until: datetime) -> set[datetime]:
    """The hours in which an encoder of the customer's shows ran, and that were not read for the last time.

    `since` is a whole hour.
    """
    lasted = Q(ended_at=None) | Q(ended_at__gt=since)
    phases = EncoderPhase.objects.filter(lasted, running=True, started_at__lt=until)
    if not month.takes_the_rest:
        shows = Breakout.objects.filter(month.breakouts(), customer=month.customer)
        phases = phases.filter(channel_uid__in=shows.exclude(channel_uid="").values("channel_uid"))
    hours: set[datetime] = set()
    hour = since
    for start, end in phases.order_by("started_at").values_list("started_at", "ended_at"):
        hour = max(hour, floor_to(max(start, since), HOUR_SECONDS))  # each hour once, however many ran
        while hour < min(end or until, until):
            hours.add(hour)
            hour += HOUR
    read = UsageHour.objects.filter(hour__gte=since, hour__lt=until)
    return hours - {hour for hour, read_at in read.values_list("hour", "read_at") if is_final(hour, read_at)}


def _days_lacking(month: Month, since: datetime, until: datetime) -> set[datetime]:
    """The days, by their beginning, on which recordings of the customer were kept, without a final row."""
    recordings = Recording.objects.stored_within(since, until).filter(breakout__customer=month.customer)
    first = recordings.filter(gone_at=None).aggregate(at=Min("stored_from"))["at"]
    gone = recordings.filter(gone_at__isnull=False).values_list("stored_from", "gone_at")
    first_day = (since - timedelta(microseconds=1)).date() + DAY
    days: set[datetime] = set()
    for day, end in {(start.date(), end) for start, end in [*gone, *([(first, until)] if first else [])]}:
        day = max(day, first_day)
        while day_bounds(day)[0] < min(end, until):
            days.add(day_bounds(day)[0])
            day += DAY
    if not days:
        return days
    mine = Breakout.objects.filter(customer=month.customer).values("uid")
    rows = ServiceUsage.objects.filter(
        usage_type=STORED, breakout_uid__in=mine, start__gte=since, start__lt=until, final=True
    )
    return days - set(rows.order_by().values_list("start", flat=True).distinct())
