"""What StreamHub estimated for the month of a bill: by service, and for each breakout that was on air."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet, Sum

from billing.bill_rows import BillLine, BillShare, BillVersion, BreakoutBill, as_picos
from billing.costs.breakouts import costs_of
from billing.costs.lines import Cost
from billing.costs.month import month_cost
from billing.monthly_usage import month_bounds
from billing.pricing.catalogue import STORAGE
from billing.pricing.services import price_book
from billing.usage_rows import ServiceUsage
from channels_app.models import Breakout

ROWS_AT_ONCE = 500
LAST_MOMENT = timedelta(microseconds=1)


def estimates_record(version: BillVersion, now: datetime) -> dict[str, str]:
    """Store what each breakout was billed beside its estimate; returns the month's estimate by service.

    A month that runs is estimated as far as AWS has billed it: the bill is hours behind, or a day.
    A breakout over the end of a month is estimated in the one in which it began, its recordings in each month
    in which they are kept.
    """
    start, end = month_bounds(f"{version.month:%Y-%m}")
    BreakoutBill.objects.filter(version=version).delete()
    shares = BillShare.objects.filter(version=version, breakout__isnull=False)
    billed = dict(shares.values_list("breakout").annotate(Sum("picos")).order_by("breakout"))
    began = Q(attachments__started_at__gte=start, attachments__started_at__lt=end)
    kept = Q(uid__in=_stored(start, end).values("breakout_uid"))
    ours = [Breakout.objects.filter(each).values_list("pk", flat=True) for each in (began, kept)]
    pks = sorted({*billed, *ours[0], *ours[1]})
    for n in range(0, len(pks), ROWS_AT_ONCE):
        _record(version, pks[n : n + ROWS_AT_ONCE], billed, start, end)
    cost = month_cost(min(_billed_until(version, now, end), end - LAST_MOMENT), price_book())
    sums: Counter[str] = Counter()
    for line in cost.lines:
        sums[line.usage.service] += line.amount or 0  # type: ignore[assignment]
    return {service: format(amount, "f") for service, amount in sums.items()}


def _billed_until(version: BillVersion, now: datetime, end: datetime) -> datetime:
    """Until when a month that runs is on the bill."""
    if now >= end:
        return now
    latest: datetime | None = BillLine.objects.filter(version=version).aggregate(at=Max("end"))["at"]
    return now if latest is None else min(now, latest)


def _stored(start: datetime, end: datetime) -> QuerySet[ServiceUsage]:
    return ServiceUsage.objects.filter(usage_type=STORAGE.usage_type, start__gte=start, start__lt=end)


def _record(
    version: BillVersion, pks: list[int], billed: dict[int, int], start: datetime, end: datetime
) -> None:
    rows = list(Breakout.objects.filter(pk__in=pks))
    costs = costs_of(rows, stored_in=(start, end))
    BreakoutBill.objects.bulk_create(
        BreakoutBill(
            version=version,
            breakout=row,
            picos=billed.get(row.pk, 0),
            estimate_picos=_estimate(row, costs[row.pk].cost, start) if row.pk in costs else None,
        )
        for row in rows
    )


def _estimate(row: Breakout, cost: Cost, start: datetime) -> int | None:
    """Of a breakout that began before the month: its recordings only. None: nothing of it has a rate."""
    first = min((each.started_at for each in row.attachments.all()), default=None)
    if first is not None and first < start:
        cost = Cost(tuple(line for line in cost.lines if line.usage == STORAGE))
    return None if cost.unknown else as_picos(cost.exact)
