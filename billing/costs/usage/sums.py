"""Read the rows of usage for costs: what was measured of a show, of a channel, of a month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth

from billing.costs.hours import hours_between, hours_within
from billing.costs.usage.calendar import HOUR, HOUR_SECONDS
from billing.pricing.catalogue import INGEST, ORIGINATION, STORAGE, Service, Usage
from billing.usage_rows import ServiceUsage
from channels_app.airtime import Span

PACKAGED = (INGEST, ORIGINATION)
ZERO = Decimal(0)


@dataclass
class Measured:
    """What was measured of one usage of a show or channel: GB, and in which hours."""

    quantity: Decimal = ZERO
    hours: set[datetime] = field(default_factory=set)

    def share_unknown(self, times: Sequence[Span]) -> Decimal:
        """The part (0 to 1) of these times together of which nothing was measured."""
        whole = sum((hours_between(*span) for span in times), ZERO)
        inside = (hours_within(*span, hour, hour + HOUR, run=False) for span in times for hour in self.hours)
        return max(ZERO, 1 - sum(inside, ZERO) / whole) if whole else ZERO


class Stored(NamedTuple):
    """What recordings took in a month, in GB-months."""

    month: datetime
    quantity: Decimal


@dataclass
class ShowUsage:
    """What the rows have of one breakout, or of a channel outside of breakouts."""

    packaged: dict[Usage, Measured] = field(default_factory=lambda: {usage: Measured() for usage in PACKAGED})
    stored: list[Stored] = field(default_factory=list)


def usage_of_shows(
    uids: Collection[str], start: datetime | None = None, end: datetime | None = None
) -> defaultdict[str, ShowUsage]:
    """By breakout: of all time, or between two moments. Two queries, however many there are."""
    found: defaultdict[str, ShowUsage] = defaultdict(ShowUsage)
    by_type = {usage.usage_type: usage for usage in PACKAGED}
    rows = ServiceUsage.objects.filter(breakout_uid__in=uids)
    if start is not None:
        rows = rows.filter(start__gte=start)
    if end is not None:
        rows = rows.filter(start__lt=end)
    known = rows.filter(usage_type__in=by_type, quantity__isnull=False, seconds=HOUR_SECONDS)
    for uid, usage_type, start, quantity in known.values_list(
        "breakout_uid", "usage_type", "start", "quantity"
    ):
        measured = found[uid].packaged[by_type[usage_type]]
        measured.quantity += quantity or ZERO
        measured.hours.add(start)
    stored = rows.filter(usage_type=STORAGE.usage_type).annotate(month=TruncMonth("start"))
    sums = stored.values("breakout_uid", "month").annotate(total=Sum("quantity"))
    for row in sums.order_by("breakout_uid", "month"):
        found[row["breakout_uid"]].stored.append(Stored(row["month"], row["total"]))
    return found


def usage_of_channels(uids: Collection[str], start: datetime, end: datetime) -> defaultdict[str, ShowUsage]:
    """By channel, of MediaPackage: what was outside of breakouts, and the hours measured. One query."""
    found: defaultdict[str, ShowUsage] = defaultdict(ShowUsage)
    by_type = {usage.usage_type: usage for usage in PACKAGED}
    rows = ServiceUsage.objects.filter(channel_uid__in=uids, start__gte=start, start__lt=end)
    known = rows.filter(usage_type__in=by_type, quantity__isnull=False, seconds=HOUR_SECONDS)
    for uid, breakout, usage_type, hour, quantity in known.values_list(
        "channel_uid", "breakout_uid", "usage_type", "start", "quantity"
    ):
        measured = found[uid].packaged[by_type[usage_type]]
        measured.quantity += ZERO if breakout else quantity or ZERO
        measured.hours.add(hour)
    return found


@dataclass(frozen=True)
class UsageTotal:
    """A sum of rows. `quantity` None: nothing of it is known. `unknown`: rows whose quantity is not."""

    usage: Usage
    quantity: Decimal | None
    unknown: int
    final: bool


def usage_totals(start: datetime, end: datetime, **of: str) -> list[UsageTotal]:
    """The sums by kind of usage between two moments; `of`: only rows with these columns. One query."""
    rows = ServiceUsage.objects.filter(start__gte=start, start__lt=end, **of)
    sums = rows.values("service", "usage_type").annotate(
        total=Sum("quantity"),
        unknown=Count("pk", filter=Q(quantity=None)),
        open=Count("pk", filter=Q(final=False)),
    )
    return [
        UsageTotal(
            Usage(Service(row["service"]), row["usage_type"]), row["total"], row["unknown"], not row["open"]
        )
        for row in sums.order_by("service", "usage_type")
    ]


def packaged_between(
    start: datetime, end: datetime
) -> dict[Usage, tuple[Decimal, set[tuple[str, datetime]]]]:
    """What MediaPackage was used for: GB, and the channels and hours of which that is known. One query."""
    by_type = {usage.usage_type: usage for usage in PACKAGED}
    found: dict[Usage, tuple[Decimal, set[tuple[str, datetime]]]] = {
        usage: (ZERO, set()) for usage in PACKAGED
    }
    rows = ServiceUsage.objects.filter(
        start__gte=start, start__lt=end, usage_type__in=by_type, quantity__isnull=False
    )
    for usage_type, channel, hour, quantity in rows.values_list(
        "usage_type", "channel_uid", "start", "quantity"
    ).iterator():
        total, known = found[by_type[usage_type]]
        known.add((channel, hour))
        found[by_type[usage_type]] = total + (quantity or ZERO), known
    return found
