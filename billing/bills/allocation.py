"""Allocate a version of a bill: each amount goes to breakouts, or to the reason why it is no breakout's.

CloudFront is shared by what each breakout had of the hour's bytes (or requests), MediaLive by the minutes on
air in that hour, MediaPackage's ingest by minutes and its origination by bytes, storage by the size of
recordings. Amounts are whole picodollars, split by largest remainder, so that their sum is the bill's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet, Sum

from billing.bill_rows import BillLine, BillShare, BillVersion, Ours, Unexplained
from billing.bills.estimates import estimates_record
from billing.bills.layouts import USAGE
from billing.bills.shares import Interval, Weights, Whose, shared
from billing.bills.weights import Delivered, Encoded, distributions_of, hours_of, stored_until
from billing.monthly_usage import month_bounds
from streamhub.clock import database_now

RESOURCES_AT_ONCE = 50
LINES_AT_ONCE = 2000
Sums = Counter[tuple[Whose, str, str, str, str]]


class NotConserved(Exception):
    """What was allocated is not what was billed: a mistake of StreamHub. Nothing was stored."""


@transaction.atomic
def bill_allocate(version: BillVersion) -> None:
    """Allocate the version's lines anew. Raises NotConserved.

    Its amounts are summed by breakout, resource and kind of usage in memory, a few resources at a time.
    """
    BillShare.objects.filter(version=version).delete()
    for ours in Ours:
        keys = list(_lines(version, ours).order_by("key").values_list("key", flat=True).distinct())
        for n in range(0, len(keys), RESOURCES_AT_ONCE):
            some = keys[n : n + RESOURCES_AT_ONCE]
            _allocate(version, _lines(version, ours).filter(key__in=some), _rule(version, ours, some))
    _allocate(version, BillLine.objects.filter(version=version).exclude(kind=USAGE), _by_kind)
    rest = BillLine.objects.filter(version=version, kind=USAGE, ours="")
    _allocate(version, rest, _not_ours)
    stored = BillShare.objects.filter(version=version).aggregate(total=Sum("picos"))["total"] or 0
    if stored != version.picos:
        raise NotConserved(f"{version}: {version.picos} picodollars were billed, {stored} allocated.")
    now = database_now()
    version.estimate = estimates_record(version, now)
    version.allocated_at = now
    version.save(update_fields=["estimate", "allocated_at"])


# How an amount is shared: by these weights, or all of it for that reason.
Rule = Callable[[BillLine], tuple[Weights, Unexplained]]


def _lines(version: BillVersion, ours: str) -> QuerySet[BillLine]:
    return BillLine.objects.filter(version=version, kind=USAGE, ours=ours)


def _allocate(version: BillVersion, lines: QuerySet[BillLine], rule: Rule) -> None:
    sums: Sums = Counter()
    for line in lines.order_by("ours", "key", "start").iterator(LINES_AT_ONCE):
        weights, otherwise = rule(line)
        about = line.service, line.usage_type, line.resource, _channel_of(line)
        for whose, picos in shared(line.picos, weights, otherwise):
            sums[whose, *about] += picos
        if len(sums) >= 50_000:
            _store(version, sums)
    _store(version, sums)


def _store(version: BillVersion, sums: Sums) -> None:
    rows = (
        BillShare(
            version=version,
            breakout_id=None if isinstance(whose, Unexplained) else whose,
            why=whose if isinstance(whose, Unexplained) else "",
            service=service,
            usage_type=usage_type,
            resource=resource,
            channel_uid=channel_uid,
            picos=picos,
        )
        for (whose, service, usage_type, resource, channel_uid), picos in sums.items()
    )
    BillShare.objects.bulk_create(rows, batch_size=LINES_AT_ONCE)
    sums.clear()


def _channel_of(line: BillLine) -> str:
    return line.key[:32] if line.ours in (Ours.CHANNEL, Ours.INPUT, Ours.PACKAGE) else ""


def _by_kind(line: BillLine) -> tuple[Weights, Unexplained]:
    return Counter(), Unexplained(line.kind)


def _not_ours(line: BillLine) -> tuple[Weights, Unexplained]:
    return Counter(), Unexplained.OTHERS if line.resource else Unexplained.NO_RESOURCE


def _rule(version: BillVersion, ours: Ours, keys: Sequence[str]) -> Rule:
    """How the lines of these resources are shared."""
    start, end = month_bounds(f"{version.month:%Y-%m}")
    if ours == Ours.SHARED:
        return lambda line: (Counter(), Unexplained.SHARED)
    if ours == Ours.BUCKET:
        stored = {bucket: stored_until(end, bucket) for bucket in keys}
        return lambda line: (stored[line.key], Unexplained.UNATTRIBUTED)
    hours = _hours(_lines(version, ours).filter(key__in=keys))
    if ours == Ours.DISTRIBUTION:
        return _by_bytes(Delivered(keys, hours))
    encoded = Encoded(keys, start, end, database_now())
    if ours == Ours.PACKAGE:
        ids = distributions_of(keys)
        every = {aws_id for its in ids.values() for aws_id in its}
        return _of_package(encoded, Delivered(every, hours), ids)
    return lambda line: (
        (Counter(), Unexplained.IDLE)
        if is_idle(line.usage_type, line.operation)
        else (encoded.weights(line.key, _within(line)), Unexplained.UNATTRIBUTED)
    )


def _by_bytes(delivered: Delivered) -> Rule:
    def rule(line: BillLine) -> tuple[Weights, Unexplained]:
        requests = "request" in line.usage_type.lower()
        return delivered.weights([line.key], _within(line), requests=requests), Unexplained.UNATTRIBUTED

    return rule


def _of_package(encoded: Encoded, delivered: Delivered, ids: dict[str, set[str]]) -> Rule:
    """Ingest by minutes; origination by bytes, or by minutes in an hour without bytes."""

    def rule(line: BillLine) -> tuple[Weights, Unexplained]:
        weights: Weights = Counter()
        if "ingest" not in line.usage_type.lower():
            weights = delivered.weights(sorted(ids.get(line.key, ())), _within(line))
        if not weights.total():
            weights = encoded.weights(line.key, _within(line))
        return weights, Unexplained.UNATTRIBUTED

    return rule


def is_idle(usage_type: str, operation: str) -> bool:
    """Whether MediaLive billed an idle channel or input ("MediaLive guide, Billing operations")."""
    text = f"{usage_type} {operation}".upper()
    return "INACTIVE" in text or "IDLE" in text


def _within(line: BillLine) -> Interval:
    if line.start is None or line.end is None:
        raise NotConserved(f"{line}: a line of one of our resources has no time.")
    return line.start, line.end


def _hours(lines: QuerySet[BillLine]) -> set[datetime]:
    times = lines.order_by().values_list("start", "end").distinct()
    return {hour for start, end in times if start and end for hour in hours_of((start, end))}
