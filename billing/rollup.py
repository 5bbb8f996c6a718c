"""Old minutes become hours: one row per distribution, hour and breakout, with the attribution as it was.

A day is rolled up 90 days after it, once every breakout that was attached to the distribution on it has
been final for as long. Sums stay the same to the byte, only the minutes go.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, Q

from billing.attribution import Amount
from billing.ledger import attributed, ledger_lock
from billing.models import LedgerHour, LedgerMinute
from billing.usage_window import floor_to
from channels_app.models import Attachment, Breakout
from channels_app.models.breakout import UsageStatus
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import database_now

AFTER = timedelta(days=90)
DAY = timedelta(days=1)
DAY_SECONDS, HOUR_SECONDS = 86_400, 3600


def ledger_rollup(run: JobRun, *, now: datetime | None = None) -> int:
    """Roll up every day that may be; how many days of distributions were."""
    now = now or database_now()
    rolled = 0
    limit = floor_to(now - AFTER, DAY_SECONDS)
    old = LedgerMinute.objects.filter(minute__lt=limit).values("aws_distribution_id")
    for aws_id, first in old.annotate(first=Min("minute")).values_list("aws_distribution_id", "first"):
        day, end = floor_to(first, DAY_SECONDS), min(limit, _held_from(aws_id, now) or limit)
        while day < end and run.extend():
            rolled += _day_rollup(aws_id, day)
            day += DAY
    run.say(f"{rolled} days of distributions rolled up")
    return rolled


def _held_from(aws_distribution_id: str, now: datetime) -> datetime | None:
    """The first day with a breakout that is not final, or not for long enough."""
    fresh = ~Q(breakout__usage_status=UsageStatus.FINAL) | Q(collection_window__settled_at__gt=now - AFTER)
    held = Attachment.objects.filter(fresh, aws_distribution_id=aws_distribution_id)
    first = held.aggregate(first=Min("started_at"))["first"]
    return None if first is None else floor_to(first, DAY_SECONDS)


@transaction.atomic
def _day_rollup(aws_distribution_id: str, day: datetime) -> bool:
    ledger_lock()
    sums: defaultdict[tuple[datetime, int | None], Amount] = defaultdict(Amount)
    for period, breakout in attributed(aws_distribution_id, day, day + DAY):
        sums[floor_to(period.start, HOUR_SECONDS), breakout] += period
    uids = dict(Breakout.objects.filter(pk__in={id for _, id in sums if id}).values_list("pk", "uid"))
    LedgerHour.objects.bulk_create(
        LedgerHour(
            aws_distribution_id=aws_distribution_id,
            hour=hour,
            breakout_uid=uids.get(breakout or 0, ""),
            bytes_downloaded=amount.bytes_downloaded,
            requests=amount.requests,
        )
        for (hour, breakout), amount in sums.items()
    )
    rows = LedgerMinute.objects.filter(aws_distribution_id=aws_distribution_id)
    rows.filter(minute__gte=day, minute__lt=day + DAY).delete()
    return bool(sums)
