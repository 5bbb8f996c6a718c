"""Which whole days of which distributions are still to be read, for the bytes that are no breakout's."""

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
KEPT = timedelta(days=454)  # CloudWatch keeps nothing longer than 455 (AWS_RULES 25)


def bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a UTC day and of the next one."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    return start, start + DAY


def distributions_see(now: datetime) -> None:
    """Take every distribution into the series; note which exist today.

    One whose row is gone is read until the day after it was last seen: nobody knows to the minute when
    its last viewer left.
    """
    living = Distribution.objects.exclude(aws_distribution_id=None)
    delivering = Attachment.objects.exclude(aws_distribution_id="")
    known = DailySeries.objects.values("aws_distribution_id")
    of_rows = living.exclude(aws_distribution_id__in=known).values_list(
        "aws_distribution_id", "created_at", "created_at"
    )
    of_attachments = (
        delivering.exclude(aws_distribution_id__in=known)
        .values("aws_distribution_id")
        .annotate(first=Min("started_at"), last=Max(Coalesce("ended_at", "started_at")))
        .values_list("aws_distribution_id", "first", "last")
    )
    # Attachments come last and win: a distribution's row may be younger than its first breakout.
    new = {
        aws_id: DailySeries(
            aws_distribution_id=str(aws_id),
            next_day=max(first, now - KEPT).date(),
            wanted_through=(last + tail()).date() + DAY,
        )
        for aws_id, first, last in [*of_rows, *of_attachments]
    }
    DailySeries.objects.bulk_create(new.values(), ignore_conflicts=True)
    here = Q(aws_distribution_id__in=living.values("aws_distribution_id")) | Q(
        aws_distribution_id__in=delivering.filter(ended_at=None).values("aws_distribution_id")
    )
    tomorrow = now.date() + DAY
    DailySeries.objects.filter(here, wanted_through__lt=tomorrow).update(wanted_through=tomorrow)


def missing(now: datetime) -> Iterator[tuple[date, set[str]]]:
    """Each day that is over, oldest first, with the distributions to read for it.

    A day is over `METRICS_FINAL_AFTER_SECONDS` after its end. A distribution whose day could not be read
    waits there: its later days are not handed out before.
    """
    last = (now - final_after()).date() - DAY
    wanted = DailySeries.objects.filter(next_day__lte=F("wanted_through"))
    day = wanted.aggregate(first=Min("next_day"))["first"]
    while day is not None and day <= last:
        ids = set(wanted.filter(next_day=day).values_list("aws_distribution_id", flat=True))
        if ids:
            yield day, ids
        day += DAY


def collected(day: date, aws_distribution_ids: set[str]) -> int:
    """Note that this day was read in full; for how many distributions."""
    rows = DailySeries.objects.filter(aws_distribution_id__in=aws_distribution_ids, next_day=day)
    return rows.update(next_day=day + DAY)
