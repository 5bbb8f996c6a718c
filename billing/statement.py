"""The statement of a month: every byte of the ledger, once, by breakout and distribution.

A period counts in the month (UTC) in which it begins, so that a breakout over midnight is in both months.
Bytes that CloudFront published after a figure was final are included. The last line is the sum of the others
and equals the sum of the ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Sum

from billing.attribution import Amount
from billing.ledger import attributed
from billing.models import LedgerHour, LedgerMinute
from channels_app.models import Breakout

UNATTRIBUTED = "unattributed"


@dataclass(frozen=True)
class StatementLine:
    """One line: bytes and requests of one breakout on one distribution in the month."""

    breakout: str
    name: str
    channel: str
    aws_distribution_id: str
    bytes_downloaded: int
    requests: int
    status: str


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """The first moment of "2026-11" and of the month after. Raises ValueError."""
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def statement_lines(start: datetime, end: datetime) -> Iterator[StatementLine]:
    """The lines from start to end (exclusive), by distribution, then the sum."""
    total = Amount()
    for aws_id in _distributions(start, end):
        for line in _lines_of(aws_id, start, end):
            total += Amount(line.bytes_downloaded, line.requests, 1)
            yield line
    yield StatementLine(
        "sum", "", "", "", total.bytes_downloaded, total.requests, _check_of(total, start, end)
    )


def _distributions(start: datetime, end: datetime) -> list[str]:
    minutes = LedgerMinute.objects.filter(minute__gte=start, minute__lt=end)
    hours = LedgerHour.objects.filter(hour__gte=start, hour__lt=end)
    ids = minutes.values_list("aws_distribution_id", flat=True).union(
        hours.values_list("aws_distribution_id", flat=True)
    )
    return sorted(ids)


def _lines_of(aws_distribution_id: str, start: datetime, end: datetime) -> Iterator[StatementLine]:
    sums: defaultdict[int | None, Amount] = defaultdict(Amount)
    for period, breakout in attributed(aws_distribution_id, start, end):
        sums[breakout] += period
    hours = LedgerHour.objects.filter(aws_distribution_id=aws_distribution_id, hour__gte=start, hour__lt=end)
    rolled = hours.values_list("breakout_uid").annotate(Sum("bytes_downloaded"), Sum("requests"))
    rolled_by_uid = {uid: Amount(downloaded, requests, 1) for uid, downloaded, requests in rolled}
    pks: dict[str, int] = dict(Breakout.objects.filter(uid__in=rolled_by_uid).values_list("uid", "pk"))
    for uid, amount in rolled_by_uid.items():
        sums[pks.get(uid)] += amount
    rows = Breakout.objects.in_bulk([pk for pk in sums if pk])
    for pk, amount in sorted(sums.items(), key=lambda item: (item[0] is None, item[0] or 0)):
        yield _line(rows.get(pk or 0), aws_distribution_id, amount)


def _line(row: Breakout | None, aws_distribution_id: str, amount: Amount) -> StatementLine:
    figures = aws_distribution_id, amount.bytes_downloaded, amount.requests
    if row is None:
        return StatementLine(UNATTRIBUTED, "", "", *figures, "")
    return StatementLine(str(row.pk), row.name, row.channel_name, *figures, row.usage_status)


def _check_of(total: Amount, start: datetime, end: datetime) -> str:
    """Whether the sum of the lines equals the ledger's sum, computed by the database."""
    minutes = LedgerMinute.objects.filter(minute__gte=start, minute__lt=end)
    hours = LedgerHour.objects.filter(hour__gte=start, hour__lt=end)
    for column, counted in (("bytes_downloaded", total.bytes_downloaded), ("requests", total.requests)):
        in_ledger = sum(rows.aggregate(sum=Sum(column))["sum"] or 0 for rows in (minutes, hours))
        if in_ledger != counted:
            return f"differs from the ledger by {counted - in_ledger} {column}"
    return "equals the ledger"
