"""A day of stored recordings, by breakout: GB-months, a month being 730 hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q, Sum
from django.db.models.functions import TruncDay

from billing.costs.hours import hours_between
from billing.costs.usage.calendar import DAY_SECONDS
from billing.costs.usage.rows import RowKey, UsageFigure, usage_write
from billing.daily_rereads import DAY, day_bounds
from billing.pricing.catalogue import GB, HOURS_A_MONTH, STORAGE
from billing.usage_rows import ServiceUsage, UsageSource
from recordings.models import Recording

MOST_DAYS = 31
SETTLED = timedelta(hours=6)  # a bucket is listed again for a while after a show


@transaction.atomic
def storage_collect(now: datetime) -> int:
    """Write the rows of today and of the days that are not final or lack one; returns how many changed.

    What was deleted while nobody collected is not known any more, and is in no row.
    """
    day, today = _first_day(now), now.date()
    changed = 0
    while day <= today:
        start, end = day_bounds(day)
        figures = list(storage_figures(day, now))
        final = end + SETTLED <= now
        changed += usage_write(start, DAY_SECONDS, figures, UsageSource.LISTING, now, final=final)
        day += DAY
    return changed


def _first_day(now: datetime) -> date:
    """The first day that is not final or lacks a row: yesterday where nothing is stored."""
    today = now.date()
    earliest = today - (MOST_DAYS - 1) * DAY
    oldest = Recording.objects.aggregate(at=Min("modified_at"))["at"]
    rows = ServiceUsage.objects.filter(usage_type=STORAGE.usage_type)
    last = rows.filter(final=True).aggregate(at=Max("start"))["at"]
    unsettled = rows.filter(final=False, start__gte=day_bounds(earliest)[0]).aggregate(at=Min("start"))["at"]
    first = today - DAY
    if oldest is not None:
        first = last.date() + DAY if last else oldest.date()
    others = [moment.date() for moment in (unsettled, _first_without_row(earliest)) if moment]
    return max(earliest, min([first, *others]))


def _first_without_row(since: date) -> datetime | None:
    """The first recording from then on whose breakout has no row of its day: it was listed late."""
    row = ServiceUsage.objects.filter(
        usage_type=STORAGE.usage_type, breakout_uid=OuterRef("breakout__uid"), start=OuterRef("day")
    )
    recent = Recording.objects.filter(modified_at__gte=day_bounds(since)[0])
    late = recent.annotate(day=TruncDay("modified_at", tzinfo=UTC)).filter(~Exists(row))
    found: datetime | None = late.aggregate(at=Min("modified_at"))["at"]
    return found


def storage_figures(day: date, now: datetime) -> Iterator[UsageFigure]:
    """What each breakout's recordings took on this day until `now`. Three queries.

    A breakout whose files are billed to others has 0, so that nothing waits for its day. One that has a row
    of this day keeps that row's bucket: the day counts once, also when RECORDING_BUCKET was changed on it.
    """
    start, end = day_bounds(day)
    until = min(end, now)
    about = ("breakout__uid", "breakout__channel_uid", "breakout__channel_name")
    hours: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    rows = Recording.objects.stored_within(start, until)
    throughout = Q(stored_from__lte=start) & (Q(gone_at=None) | Q(gone_at__gte=until))
    whole = rows.filter(throughout).order_by("breakout__uid").values_list(*about)
    for *key, total in whole.annotate(total=Sum("billed_bytes")):
        hours[*key] += total * hours_between(start, until)
    some = rows.exclude(throughout).values_list(*about, "billed_bytes", "stored_from", "gone_at")
    for *key, size, since, gone_at in some:
        hours[*key] += size * hours_between(max(since, start), min(gone_at or until, until))
    counted = ServiceUsage.objects.filter(usage_type=STORAGE.usage_type, start=start, seconds=DAY_SECONDS)
    buckets = dict(counted.values_list("breakout_uid", "resource"))
    for (uid, channel, name), byte_hours in sorted(hours.items()):
        bucket = buckets.get(uid, settings.RECORDING_BUCKET)
        row_key = RowKey(STORAGE.usage_type, channel, uid, bucket)
        quantity = byte_hours / GB / HOURS_A_MONTH
        yield UsageFigure(row_key, STORAGE.service, STORAGE.unit, name, quantity, UsageSource.LISTING)
