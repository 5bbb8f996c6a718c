"""Which whole days are to be read: each one, two and four days later, whoever its bytes belong to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import F, Max, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from billing.attribution import REHEARSAL
from billing.models import DailySeries
from channels_app.models import Attachment
from distributions.models import Distribution
from streamhub.clock import database_now
from streamhub.lifecycle.claim import DELETED
from streamhub.lifecycle.models import Transition

DAY = timedelta(days=1)
KEPT = timedelta(days=454)  # CloudWatch keeps hours for 455 days (AWS_RULES 25)
LATELY = timedelta(days=120)
# The pointer of each read, and how many days after the day's beginning it is made.
READS = (("next_day", 1), ("second_day", 2), ("third_day", 4))


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a UTC day and of the next one."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    return start, start + DAY


def read_at(day: date, days: int, quiet: timedelta) -> datetime:
    """When the read of a day that is made `days` days later is due."""
    return day_bounds(day)[0] + days * DAY + quiet


def series_missing(now: datetime, *, of: Collection[str] | None = None) -> list[DailySeries]:
    """The series, not stored, of distributions (`of`: only these) that exist or delivered and have none.

    A distribution's days begin with its creation. One without a row is read from an hour before it was first
    attached until the day after it last was, because it may have delivered then.
    """
    existing = Distribution.objects.exclude(aws_distribution_id=None)
    attachments = Attachment.objects.exclude(aws_distribution_id="")
    if of is not None:
        existing = existing.filter(aws_distribution_id__in=of)
        attachments = attachments.filter(aws_distribution_id__in=of)
    known = DailySeries.objects.values("aws_distribution_id")
    of_rows = existing.exclude(aws_distribution_id__in=known).values_list(
        "aws_distribution_id", "created_at", "created_at"
    )
    of_attachments = (
        attachments.exclude(aws_distribution_id__in=known)
        .values("aws_distribution_id")
        .annotate(first=Min("started_at"), last=Max(Coalesce("ended_at", "started_at") + F("tail")))
        .values_list("aws_distribution_id", "first", "last")
    )
    # A row may be younger than the first attachment, and was often there days before it.
    spans: dict[str, tuple[datetime, datetime]] = {}
    begun = [(aws_id, first - REHEARSAL, last) for aws_id, first, last in of_attachments]
    for aws_id, first, last in [*of_rows, *begun]:
        before = spans.get(str(aws_id), (first, last))
        spans[str(aws_id)] = min(before[0], first), max(before[1], last)
    return [
        _series(aws_id, max(first, now - KEPT).date(), last.date() + DAY)
        for aws_id, (first, last) in spans.items()
    ]


def at_transition(transitions: Sequence[Transition]) -> None:
    """The hook of `lifecycle.states`: bytes of a distribution whose row is removed are read to the end."""
    gone = [
        row.resource_id
        for row in transitions
        if row.resource_type == Distribution.KIND and row.to_state == DELETED
    ]
    if gone:
        rows = Distribution.objects.filter(pk__in=gone).values_list("aws_distribution_id", flat=True)
        series_end([aws_id for aws_id in rows if aws_id], database_now())


def series_end(aws_distribution_ids: Collection[str], now: datetime) -> None:
    """The distributions' rows are about to be deleted: their days are read until tomorrow, also of those that
    no run has seen. The number of queries does not grow with them."""
    DailySeries.objects.bulk_create(series_missing(now, of=aws_distribution_ids), ignore_conflicts=True)
    tomorrow = now.date() + DAY
    rows = DailySeries.objects.filter(aws_distribution_id__in=aws_distribution_ids)
    rows.filter(wanted_through__lt=tomorrow).update(wanted_through=tomorrow)


def _series(aws_distribution_id: str, first: date, through: date) -> DailySeries:
    return DailySeries(
        aws_distribution_id=aws_distribution_id,
        first_day=first,
        next_day=first,
        second_day=first,
        third_day=first,
        wanted_through=through,
    )


def delivering() -> Q:
    """The series of distributions that exist or are attached."""
    existing = Distribution.objects.exclude(aws_distribution_id=None).values("aws_distribution_id")
    attached = Attachment.objects.filter(ended_at=None).values("aws_distribution_id")
    return Q(aws_distribution_id__in=existing) | Q(aws_distribution_id__in=attached)


def series_update(now: datetime) -> None:
    """Create a series for every new distribution, and extend those that deliver or did so lately."""
    DailySeries.objects.bulk_create(series_missing(now), ignore_conflicts=True)
    tomorrow = now.date() + DAY
    DailySeries.objects.filter(delivering(), wanted_through__lt=tomorrow).update(wanted_through=tomorrow)
    ended = Attachment.objects.filter(ended_at__gte=now - LATELY).exclude(aws_distribution_id="")
    last = {aws_id: end.date() + DAY for aws_id, end in _last_ends(ended)}
    behind = []
    for row in DailySeries.objects.filter(aws_distribution_id__in=last):
        if row.wanted_through < last[row.aws_distribution_id]:
            row.wanted_through = last[row.aws_distribution_id]
            behind.append(row)
    DailySeries.objects.bulk_update(behind, ["wanted_through"], batch_size=500)


def _last_ends(attachments: QuerySet[Attachment]) -> QuerySet[Attachment, tuple[str, datetime]]:
    """By distribution: until when bytes of its last attachment count."""
    return attachments.values_list("aws_distribution_id").annotate(last=Max(F("ended_at") + F("tail")))


def days_to_read(now: datetime, quiet: timedelta) -> Iterator[tuple[date, set[str]]]:
    """Each day that has a read due, by read and oldest first, with the distributions to read for it.

    If reading a distribution's day fails, its later days wait for it.
    """
    for pointer, days in READS:
        last = (now - quiet).date() - days * DAY
        wanted = DailySeries.objects.filter(**{f"{pointer}__lte": F("wanted_through")})
        day = wanted.aggregate(first=Min(pointer))["first"]
        while day is not None and day <= last:
            ids = set(wanted.filter(**{pointer: day}).values_list("aws_distribution_id", flat=True))
            if ids:
                yield day, ids
            day += DAY


def day_mark_read(day: date, aws_distribution_ids: set[str], now: datetime, quiet: timedelta) -> int:
    """Note that the day was read in full for these distributions; returns how many series moved on.

    A read that comes so late that the next one is due as well counts for both.
    """
    rows = DailySeries.objects.filter(aws_distribution_id__in=aws_distribution_ids)
    moved = 0
    for pointer, days in READS:
        if read_at(day, days, quiet) <= now:
            moved = max(moved, rows.filter(**{pointer: day}).update(**{pointer: day + DAY}))
    return moved
