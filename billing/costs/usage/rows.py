"""Write the rows of one hour or day. Doing it again changes nothing that has not changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from billing.pricing.catalogue import Service
from billing.usage_rows import ServiceUsage, UsageSource

PLACES = Decimal("0.000000000001")  # of `ServiceUsage.quantity`
REASON_LENGTH = 200


class RowKey(NamedTuple):
    """What a row is about, within its hour or day."""

    usage_type: str
    channel_uid: str
    breakout_uid: str
    resource: str


@dataclass(frozen=True)
class UsageFigure:
    """A row to be written. `quantity` None: not known, and `reason` says why."""

    key: RowKey
    service: Service
    unit: str
    channel_name: str
    quantity: Decimal | None
    source: UsageSource
    reason: str = ""


COLUMNS = ("unit", "channel_name", "quantity", "reason", "source", "final")


@transaction.atomic
def usage_write(
    start: datetime,
    seconds: int,
    figures: Iterable[UsageFigure],
    source: UsageSource,
    now: datetime,
    *,
    final: bool,
) -> int:
    """Make the rows of this source and period these figures; returns how many changed.

    A final row stays as it is, and what is known is never replaced by what is not. What was listed and is no
    more was stored until then: its row stays.
    """
    stored = {
        RowKey(row.usage_type, row.channel_uid, row.breakout_uid, row.resource): row
        for row in ServiceUsage.objects.filter(start=start, seconds=seconds, source=source)
    }
    figures = list(figures)
    unknown = {_series(figure.key) for figure in figures if figure.quantity is None}
    changed = []
    for figure in figures:
        old = stored.pop(figure.key, None)
        row = _row(start, seconds, figure, final, now)
        if old is not None and old.quantity is not None and row.quantity is None:
            row.quantity, row.reason = old.quantity, ""
        if old is None or not (old.final or not _differs(old, row)):
            changed.append(row)
    rest = {key: row for key, row in stored.items() if not row.final}
    gone = [row.pk for key, row in rest.items() if row.quantity is None or _series(key) not in unknown]
    if source == UsageSource.LISTING:
        gone = []
        if final:
            ServiceUsage.objects.filter(pk__in=[row.pk for row in rest.values()]).update(final=True)
    ServiceUsage.objects.filter(pk__in=gone).delete()
    ServiceUsage.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["start", "seconds", "usage_type", "channel_uid", "breakout_uid", "resource"],
        update_fields=[*COLUMNS, "changed_at"],
    )
    return len(changed) + len(gone)


def _series(key: RowKey) -> tuple[str, str, str]:
    """What is known or unknown as a whole: the usage of a resource, whoever's."""
    return key.usage_type, key.channel_uid, key.resource


def _differs(old: ServiceUsage, new: ServiceUsage) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in COLUMNS)


def _row(start: datetime, seconds: int, figure: UsageFigure, final: bool, now: datetime) -> ServiceUsage:
    return ServiceUsage(
        **figure.key._asdict(),
        start=start,
        seconds=seconds,
        service=figure.service,
        unit=figure.unit,
        channel_name=figure.channel_name,
        quantity=None if figure.quantity is None else figure.quantity.quantize(PLACES),
        reason=figure.reason[:REASON_LENGTH],
        source=figure.source,
        final=final,
        changed_at=now,
    )
