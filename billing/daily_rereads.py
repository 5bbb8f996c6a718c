"""Which whole days are still to be read, for the bytes that belong to no breakout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import F, Max, Min, Q
from django.db.models.functions import Coalesce

from billing.ledger import final_after, tail
from billing.models import DailySeries
from channels_app.models import Attachment
from distributions.models import Distribution

DAY = timedelta(days=1)
KEPT = timedelta(days=454)  # CloudWatch keeps hours for 455 days (AWS_RULES 25)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a UTC day and of the next one."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    return start, start + DAY


def series_update(now: datetime) -> None:
    """Create a series for every new distribution, and extend the series of those that exist today.

    A distribution without a row is read until the day after it was last attached, because it may have
    delivered until then.
    """
    existing = Distribution.objects.exclude(aws_distribution_id=None)
    attachments = Attachment.objects.exclude(aws_distribution_id="")
    known = DailySeries.objects.values("aws_distribution_id")
    of_rows = existing.exclude(aws_distribution_id__in=known).values_list(
        "aws_distribution_id", "created_at", "created_at"
    )
    of_attachments = (
        attachments.exclude(aws_distribution_id__in=known)
        .values("aws_distribution_id")
        .annotate(first=Min("started_at"), last=Max(Coalesce("ended_at", "started_at")))
        .values_list("aws_distribution_id", "first", "last")
    )
    # Attachments come last and override rows: a row may be younger than the first attachment.
    new = {
        aws_id: DailySeries(
            aws_distribution_id=str(aws_id),
            next_day=max(first, now - KEPT).date(),
            wanted_through=(last + tail()).date() + DAY,
        )
        for aws_id, first, last in [*of_rows, *of_attachments]
    }
    DailySeries.objects.bulk_create(new.values(), ignore_conflicts=True)
    delivering = Q(aws_distribution_id__in=existing.values("aws_distribution_id")) | Q(
        aws_distribution_id__in=attachments.filter(ended_at=None).values("aws_distribution_id")
    )
    tomorrow = now.date() + DAY
    DailySeries.objects.filter(delivering, wanted_through__lt=tomorrow).update(wanted_through=tomorrow)


def days_to_read(now: datetime) -> Iterator[tuple[date, set[str]]]:
    """Each day that can be read, oldest first, with the distributions to read for it.

    A day can be read `METRICS_FINAL_AFTER_SECONDS` after its end. If reading a distribution's day fails, its
    later days wait for it.
    """
    last = (now - final_after()).date() - DAY
    wanted = DailySeries.objects.filter(next_day__lte=F("wanted_through"))
    day = wanted.aggregate(first=Min("next_day"))["first"]
    while day is not None and day <= last:
        ids = set(wanted.filter(next_day=day).values_list("aws_distribution_id", flat=True))
        if ids:
            yield day, ids
        day += DAY


def day_mark_read(day: date, aws_distribution_ids: set[str]) -> int:
    """Note that the day was read in full for these distributions; returns how many series moved on."""
    rows = DailySeries.objects.filter(aws_distribution_id__in=aws_distribution_ids, next_day=day)
    return rows.update(next_day=day + DAY)
