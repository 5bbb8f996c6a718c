"""Roll up old minutes into hours: one row per distribution, hour and breakout.

A day is rolled up after 90 days, once every breakout that was attached to the distribution that day has been
final for 90 days. Attribution and sums stay the same to the byte.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, Q

from billing.attribution import Amount, attribute
from billing.daily_rereads import day_bounds
from billing.ledger import ledger_lock
from billing.ledger_sums import coverages, periods
from billing.models import DailySeries, LedgerHour, LedgerMinute
from billing.usage_window import DAY as DAY_SECONDS
from billing.usage_window import floor_to
from channels_app.models import Attachment, Breakout
from channels_app.models.breakout import UsageStatus
from streamhub.clock import database_now
from streamhub.lifecycle.lease import JobRun

ROLL_UP_AFTER = timedelta(days=90)
DAY = timedelta(days=1)
HOUR_SECONDS = 3600


def ledger_rollup(run: JobRun, *, now: datetime | None = None) -> int:
    """Roll up every day that is old enough. Returns the number of days, counted per distribution."""
    now = now or database_now()
    rolled = 0
    limit = floor_to(now - ROLL_UP_AFTER, DAY_SECONDS)
    old = LedgerMinute.objects.filter(minute__lt=limit).values("aws_distribution_id")
    for aws_id, first in old.annotate(first=Min("minute")).values_list("aws_distribution_id", "first"):
        day, end = floor_to(first, DAY_SECONDS), min(limit, _first_open_day(aws_id, now) or limit)
        end = min(end, _first_incomplete_day(aws_id) or end)
        while day < end and run.extend():
            rolled += _day_rollup(aws_id, day)
            day += DAY
    run.say(f"days rolled up, per distribution: {rolled}")
    return rolled


def _first_open_day(aws_distribution_id: str, now: datetime) -> datetime | None:
    """The first day with a breakout that is not final, or has not been for long enough."""
    not_final_long_enough = ~Q(breakout__usage_status=UsageStatus.FINAL) | Q(
        collection_window__settled_at__gt=now - ROLL_UP_AFTER
    )
    attachments = Attachment.objects.filter(not_final_long_enough, aws_distribution_id=aws_distribution_id)
    first = attachments.aggregate(first=Min("started_at"))["first"]
    return None if first is None else floor_to(first, DAY_SECONDS)


def _first_incomplete_day(aws_distribution_id: str) -> datetime | None:
    """The first day that is still to be read again: what is rolled up takes nothing more."""
    row = DailySeries.objects.filter(aws_distribution_id=aws_distribution_id).first()
    return None if row is None else day_bounds(row.third_day)[0]


@transaction.atomic
def _day_rollup(aws_distribution_id: str, day: datetime) -> bool:
    ledger_lock()
    sums: defaultdict[tuple[datetime, int | None], Amount] = defaultdict(Amount)
    approximate: set[tuple[datetime, int | None]] = set()
    coverage = coverages([aws_distribution_id], day, day + DAY)[aws_distribution_id]
    for period, its_shares in attribute(periods(aws_distribution_id, day, day + DAY), coverage):
        for share in its_shares:
            key = floor_to(period.start, HOUR_SECONDS), share.breakout
            sums[key] += share.amount
            if period.approximate:
                approximate.add(key)
    uids = dict(Breakout.objects.filter(pk__in={id for _, id in sums if id}).values_list("pk", "uid"))
    LedgerHour.objects.bulk_create(
        LedgerHour(
            aws_distribution_id=aws_distribution_id,
            hour=key[0],
            breakout_uid=uids.get(key[1] or 0, ""),
            bytes_downloaded=amount.bytes_downloaded,
            requests=amount.requests,
            approximate=key in approximate,
        )
        for key, amount in sums.items()
    )
    rows = LedgerMinute.objects.filter(aws_distribution_id=aws_distribution_id)
    rows.filter(minute__gte=day, minute__lt=day + DAY).delete()
    return bool(sums)
