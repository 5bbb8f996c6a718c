"""Where the bytes of each distribution and day are: on breakouts, late, or unattributed and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Sum

from billing.attribution import Amount, Why
from billing.completeness import day_missing
from billing.daily_rereads import DAY, day_bounds
from billing.ledger_sums import attributed, coverages
from billing.models import DailySeries, FinalFigure, LedgerHour, LedgerMinute
from billing.publication_delay import quiet_time
from channels_app.models import Breakout
from channels_app.models.breakout import UsageStatus

Key = tuple[str, date]


@dataclass
class Balance:
    """One distribution's UTC day. `on_breakouts`: what their figures hold; `late`: what came after final.

    `ledger` is summed on its own, so that `difference` must be nothing. `missing`: what is still to be read,
    in a sentence; empty if the day is complete.
    """

    aws_distribution_id: str
    day: date
    ledger: Amount = field(default_factory=Amount)
    on_breakouts: Amount = field(default_factory=Amount)
    late: Amount = field(default_factory=Amount)
    unattributed: dict[Why, Amount] = field(default_factory=lambda: dict.fromkeys(Why, Amount()))
    approximate: bool = False
    missing: str = ""

    @property
    def difference(self) -> int:
        """Bytes that are nowhere, or twice."""
        placed = sum((amount.bytes_downloaded for amount in self.unattributed.values()), 0)
        placed += self.on_breakouts.bytes_downloaded + self.late.bytes_downloaded
        return self.ledger.bytes_downloaded - placed


def balances(ids: Sequence[str], days: Sequence[date], now: datetime) -> list[Balance]:
    """The balances of these distributions and days, which follow each other. A constant number of queries."""
    found = {(aws_id, day): Balance(aws_id, day) for aws_id in ids for day in days}
    if not found:
        return []
    start, end = day_bounds(min(days))[0], day_bounds(max(days))[1]
    now_shares = _attribute(found, ids, start, end)
    _add_hours(found, now_shares, ids, start, end)
    _split_late(found, now_shares, ids, start, end)
    for model, moment in ((LedgerMinute, "minute"), (LedgerHour, "hour")):
        rows = model._default_manager.filter(
            **{"aws_distribution_id__in": ids, f"{moment}__gte": start, f"{moment}__lt": end}
        )
        sums = rows.values_list("aws_distribution_id", f"{moment}__date")
        for aws_id, day, downloaded, requests in sums.annotate(Sum("bytes_downloaded"), Sum("requests")):
            found[aws_id, day].ledger += Amount(int(downloaded), int(requests), 1)
    series = {row.aws_distribution_id: row for row in DailySeries.objects.filter(aws_distribution_id__in=ids)}
    quiet = quiet_time(now)
    for balance in found.values():
        balance.missing = day_missing(series.get(balance.aws_distribution_id), balance.day, now, quiet)
    return list(found.values())


Shares = defaultdict[tuple[Key, int], Amount]


def _attribute(found: dict[Key, Balance], ids: Sequence[str], start: datetime, end: datetime) -> Shares:
    """Fill in what is unattributed; returns what each breakout has."""
    on_breakouts: Shares = defaultdict(Amount)
    parts = attributed({aws_id: [(start, end)] for aws_id in ids}, coverages(ids, start, end), reasons=True)
    for part in parts:
        balance = found[part.aws_distribution_id, part.start.date()]
        balance.approximate |= part.approximate
        if part.breakout is None:
            balance.unattributed[part.why or Why.NOBODY] += part.amount
        else:
            on_breakouts[(balance.aws_distribution_id, balance.day), part.breakout] += part.amount
    return on_breakouts


def _add_hours(
    found: dict[Key, Balance], on_breakouts: Shares, ids: Sequence[str], start: datetime, end: datetime
) -> None:
    rows = list(LedgerHour.objects.filter(aws_distribution_id__in=ids, hour__gte=start, hour__lt=end))
    uids = {row.breakout_uid for row in rows if row.breakout_uid}
    pks = dict(Breakout.objects.filter(uid__in=uids).values_list("uid", "pk"))
    for row in rows:
        key = row.aws_distribution_id, row.hour.date()
        amount = Amount(row.bytes_downloaded, row.requests, 1)
        found[key].approximate |= row.approximate
        if row.breakout_uid in pks:
            on_breakouts[key, pks[row.breakout_uid]] += amount
        else:
            found[key].unattributed[Why.NOBODY] += amount


def _split_late(
    found: dict[Key, Balance], on_breakouts: Shares, ids: Sequence[str], start: datetime, end: datetime
) -> None:
    """Fill in what breakouts have: of final ones their final figure, and the rest as late."""
    rows = FinalFigure.objects.filter(aws_distribution_id__in=ids, day__gte=start.date(), day__lt=end.date())
    final = {
        ((row.aws_distribution_id, row.day), row.breakout_id): Amount(row.bytes_downloaded, row.requests)
        for row in rows
    }
    pks = {pk for _, pk in on_breakouts}
    is_final = set(
        Breakout.objects.filter(pk__in=pks, usage_status=UsageStatus.FINAL).values_list("pk", flat=True)
    )
    for key, pk in on_breakouts.keys() | final.keys():
        share = on_breakouts.get((key, pk), Amount())
        counted = final.get((key, pk), Amount()) if pk in is_final or (key, pk) in final else share
        found[key].on_breakouts += counted
        found[key].late += share - counted


def distributions_of(day: date, *, start_at: str = "", most: int) -> list[str]:
    """The distributions with a row in the ledger or a series for this day, in order, from `start_at` on."""
    start, end = day_bounds(day)
    queries: Iterable[Iterable[str]] = (
        LedgerMinute.objects.filter(minute__gte=start, minute__lt=end, aws_distribution_id__gte=start_at)
        .order_by("aws_distribution_id")
        .values_list("aws_distribution_id", flat=True)
        .distinct()[:most],
        LedgerHour.objects.filter(hour__gte=start, hour__lt=end, aws_distribution_id__gte=start_at)
        .order_by("aws_distribution_id")
        .values_list("aws_distribution_id", flat=True)
        .distinct()[:most],
        DailySeries.objects.filter(
            first_day__lte=day, wanted_through__gte=day, aws_distribution_id__gte=start_at
        )
        .order_by("aws_distribution_id")
        .values_list("aws_distribution_id", flat=True)[:most],
    )
    return sorted({aws_id for query in queries for aws_id in query})[:most]


def days_before(day: date, count: int) -> list[date]:
    """`count` days that end with `day`, the latest first."""
    return [day - n * DAY for n in range(count)]
