"""CloudFront's bytes and requests in the ledger: its minutes, and its hours where they were rolled up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncHour

from billing.models import LedgerHour, LedgerMinute


@dataclass(frozen=True)
class Delivered:
    """What was delivered. `known`: the ledger has rows of it."""

    bytes_downloaded: int
    requests: int
    known: bool


def delivered_between(start: datetime, end: datetime, ids: Collection[str] | None = None) -> Delivered:
    """What these distributions (None: all) delivered between the two moments. Two queries."""
    sums = [rows.aggregate(b=Sum("bytes_downloaded"), r=Sum("requests")) for rows in _ledger(start, end, ids)]
    known = [each for each in sums if each["b"] is not None]
    return Delivered(sum(each["b"] for each in known), sum(each["r"] for each in known), bool(known))


def bytes_by_hour(start: datetime, end: datetime) -> Counter[datetime]:
    """All bytes between the two moments by hour. Two queries."""
    minutes, hours = _ledger(start, end, None)
    found: Counter[datetime] = Counter()
    by_minute = minutes.annotate(at=TruncHour("minute")).values_list("at")
    for rows in (by_minute, hours.values_list("hour")):
        found.update(dict(rows.annotate(b=Sum("bytes_downloaded")).order_by()))
    return found


def _ledger(
    start: datetime, end: datetime, ids: Collection[str] | None
) -> tuple[QuerySet[LedgerMinute], QuerySet[LedgerHour]]:
    minutes = LedgerMinute.objects.filter(minute__gte=start, minute__lt=end)
    hours = LedgerHour.objects.filter(hour__gte=start, hour__lt=end)
    if ids is None:
        return minutes, hours
    return minutes.filter(aws_distribution_id__in=ids), hours.filter(aws_distribution_id__in=ids)
