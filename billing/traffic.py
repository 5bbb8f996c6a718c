"""What breakouts on air were lately delivered, minute by minute: for pages that show them live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from billing.attribution import Amount, Period, attribute
from billing.ledger_sums import COLUMNS, coverages
from billing.models import LedgerMinute
from billing.usage_figures import attachments_by_breakout
from billing.usage_window import MINUTE, floor_to
from channels_app.models import Breakout
from channels_app.models.breakout import UsageStatus
from channels_app.viewers import Minute
from streamhub.clock import database_now


def traffic_of(rows: Sequence[Breakout], minutes: int) -> dict[int, list[Minute]]:
    """The breakouts' shares of each minute of the last `minutes`, oldest first. Three queries for all."""
    wanted = {row.pk: row for row in rows}
    ids = {
        attachment.aws_distribution_id
        for its in attachments_by_breakout(wanted).values()
        for attachment in its
        if attachment.aws_distribution_id
    }
    if not ids:
        return {}
    now = database_now()
    start = floor_to(now) - timedelta(minutes=minutes)
    found: defaultdict[int, dict[datetime, Amount]] = defaultdict(dict)
    covered = coverages(ids, start, now)
    for aws_id, periods in _minutes(ids, start).items():
        for period, shares in attribute(periods, covered[aws_id]):
            for share in shares:
                if share.breakout in wanted:
                    its = found[share.breakout]
                    its[period.start] = its.get(period.start, Amount()) + share.amount
    return {pk: [_minute(wanted[pk], *each) for each in sorted(its.items())] for pk, its in found.items()}


def _minutes(ids: set[str], start: datetime) -> dict[str, list[Period]]:
    rows = LedgerMinute.objects.filter(
        aws_distribution_id__in=ids, minute__gte=start, period_seconds=MINUTE
    ).order_by("aws_distribution_id", "minute")
    by_distribution: defaultdict[str, list[Period]] = defaultdict(list)
    for aws_id, *values in rows.values_list("aws_distribution_id", *COLUMNS):
        by_distribution[aws_id].append(Period(*values))
    return by_distribution


def _minute(row: Breakout, start: datetime, amount: Amount) -> Minute:
    until = row.usage_complete_until
    settled = until is not None and start + timedelta(seconds=MINUTE) <= until
    final = row.usage_status == UsageStatus.FINAL
    return Minute(start, amount.bytes_downloaded, amount.requests, provisional=not (final or settled))
