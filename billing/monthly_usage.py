"""The statement of a month: every byte of the ledger, once, by breakout and distribution.

A period counts in the month (UTC) in which it begins, so that a breakout over midnight is in both months.
Bytes that CloudFront published after a figure was final are included and also named. The last line is the sum
of the others and says whether it is the ledger's and whether anything is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from django.db import connection, transaction
from django.db.models import Max, Sum
from django.db.models.fields import IntegerField
from django.db.models.functions import Cast

from billing.attribution import Amount
from billing.completeness import Missing
from billing.ledger_sums import Attributed, attributed, coverages
from billing.models import FinalFigure, LedgerHour, LedgerMinute
from channels_app.models import Breakout
from channels_app.models.breakout import UsageStatus

UNATTRIBUTED = "unattributed"
DISTRIBUTIONS_AT_ONCE = 100


@dataclass(frozen=True)
class UsageLine:
    """One line: bytes and requests of one breakout on one distribution in the month.

    `late_bytes`, `late_requests`: how much of them came after the breakout's figures were final.
    `approximate`: periods longer than a minute took part. `complete`: nothing is read again for it.
    """

    breakout: str
    name: str
    channel: str
    aws_distribution_id: str
    bytes_downloaded: int
    requests: int
    status: str
    late_bytes: int = 0
    late_requests: int = 0
    approximate: bool = False
    complete: bool = False


@dataclass
class UsageSum:
    """A sum of the ledger. `approximate`: periods longer than a minute took part."""

    amount: Amount = field(default_factory=Amount)
    approximate: bool = False

    def add(self, amount: Amount, approximate: bool) -> None:
        self.amount += amount
        self.approximate |= approximate


Sums = defaultdict[str, defaultdict[int | None, UsageSum]]


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """The first moment of "2026-11" and of the month after. Raises ValueError."""
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


@contextmanager
def one_state() -> Iterator[None]:
    """Within it all queries see the same rows, on PostgreSQL: a collection meanwhile makes no difference."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def statement_lines(start: datetime, end: datetime, missing: Missing) -> Iterator[UsageLine]:
    """The lines from start to end (exclusive), by distribution, then the sum.

    `missing`: what `completeness.missing` says of the same time.
    """
    total, late, approximate = Amount(), Amount(), False
    for ids in batches(distributions_between(start, end)):
        for line in _lines_of(ids, start, end):
            total += Amount(line.bytes_downloaded, line.requests, 1)
            late += Amount(line.late_bytes, line.late_requests)
            approximate |= line.approximate
            yield line
    yield UsageLine(
        "sum",
        "",
        "",
        "",
        total.bytes_downloaded,
        total.requests,
        _check_of(total, start, end, missing),
        late.bytes_downloaded,
        late.requests,
        approximate,
        missing.complete and total.periods > 0,
    )


def distributions_between(start: datetime, end: datetime) -> list[str]:
    """The distributions of which the ledger has something from start to end (exclusive), in order."""
    minutes = LedgerMinute.objects.filter(minute__gte=start, minute__lt=end)
    hours = LedgerHour.objects.filter(hour__gte=start, hour__lt=end)
    ids = minutes.values_list("aws_distribution_id", flat=True).union(
        hours.values_list("aws_distribution_id", flat=True)
    )
    return sorted(ids)


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many ids at once as are read with one set of queries."""
    for n in range(0, len(ids), DISTRIBUTIONS_AT_ONCE):
        yield ids[n : n + DISTRIBUTIONS_AT_ONCE]


def _lines_of(ids: Sequence[str], start: datetime, end: datetime) -> Iterator[UsageLine]:
    """The lines of these distributions, in their order. The number of queries does not depend on the rows."""
    sums = usage_sums(ids, start, end)
    final = _final_figures(ids, start, end)
    rows = Breakout.objects.in_bulk({pk for its_sums in sums.values() for pk in its_sums if pk})
    for aws_id in ids:
        by_breakout = sorted(sums[aws_id].items(), key=lambda item: (item[0] is None, item[0] or 0))
        for pk, its_sum in by_breakout:
            yield _line(rows.get(pk or 0), aws_id, its_sum, final.get((aws_id, pk), Amount()))


def usage_sums(ids: Sequence[str], start: datetime, end: datetime) -> Sums:
    """By distribution and breakout (None: nobody's): what the ledger has from start to end (exclusive)."""
    sums: Sums = defaultdict(lambda: defaultdict(UsageSum))
    parts = attributed({aws_id: [(start, end)] for aws_id in ids}, coverages(ids, start, end))
    for aws_id, its in groupby(parts, key=lambda part: part.aws_distribution_id):
        _add(sums[aws_id], its)
    _add_hours(sums, ids, start, end)
    return sums


def _add(sums: defaultdict[int | None, UsageSum], parts: Iterator[Attributed]) -> None:
    for part in parts:
        if part.amount.bytes_downloaded or part.amount.requests or part.breakout is None:
            sums[part.breakout].add(part.amount, part.approximate)
        else:
            sums[part.breakout].add(part.amount, False)


def _add_hours(sums: Sums, ids: Sequence[str], start: datetime, end: datetime) -> None:
    """Add the hours to which minutes were rolled up, by breakout (None: deleted, or nobody's)."""
    hours = LedgerHour.objects.filter(aws_distribution_id__in=ids, hour__gte=start, hour__lt=end)
    rolled = list(
        hours.values_list("aws_distribution_id", "breakout_uid").annotate(
            Sum("bytes_downloaded"), Sum("requests"), rough=Max(Cast("approximate", IntegerField()))
        )
    )
    uids = {uid for _, uid, *_ in rolled if uid}
    pks = dict(Breakout.objects.filter(uid__in=uids).values_list("uid", "pk")) if uids else {}
    for aws_id, uid, downloaded, requests, approximate in rolled:
        sums[aws_id][pks.get(uid)].add(Amount(int(downloaded), int(requests), 1), bool(approximate))


def _final_figures(
    ids: Sequence[str], start: datetime, end: datetime
) -> dict[tuple[str, int | None], Amount]:
    rows = FinalFigure.objects.filter(
        aws_distribution_id__in=ids, day__gte=start.date(), day__lt=end.date()
    ).values_list("aws_distribution_id", "breakout_id")
    return {
        (aws_id, pk): Amount(int(downloaded), int(requests))
        for aws_id, pk, downloaded, requests in rows.annotate(Sum("bytes_downloaded"), Sum("requests"))
    }


def _line(row: Breakout | None, aws_distribution_id: str, its_sum: UsageSum, final: Amount) -> UsageLine:
    figures = aws_distribution_id, its_sum.amount.bytes_downloaded, its_sum.amount.requests
    if row is None:
        return UsageLine(UNATTRIBUTED, "", "", *figures, "", approximate=its_sum.approximate)
    late = its_sum.amount - final if row.usage_status == UsageStatus.FINAL else Amount()
    changed = late.bytes_downloaded != 0 or late.requests != 0
    return UsageLine(
        str(row.pk),
        row.name,
        row.channel_name,
        *figures,
        f"{row.usage_status}, changed afterwards" if changed else row.usage_status,
        late.bytes_downloaded,
        late.requests,
        its_sum.approximate,
        row.usage_complete,
    )


def _check_of(total: Amount, start: datetime, end: datetime, missing: Missing) -> str:
    """Whether the sum of the lines equals the ledger's sum, computed by the database, and is complete."""
    minutes = LedgerMinute.objects.filter(minute__gte=start, minute__lt=end)
    hours = LedgerHour.objects.filter(hour__gte=start, hour__lt=end)
    sums = [rows.aggregate(Sum("bytes_downloaded"), Sum("requests")) for rows in (minutes, hours)]
    for column, counted in (("bytes_downloaded", total.bytes_downloaded), ("requests", total.requests)):
        in_ledger = sum(each[f"{column}__sum"] or 0 for each in sums)
        if in_ledger != counted:
            return f"differs from the ledger by {counted - in_ledger} {column}"
    if not missing.complete:
        return "incomplete"
    return "equals the ledger" if total.periods else "empty: the ledger has nothing of this month"
