"""The usage of a month by service, with its cost: of the house, or of one channel. ESTIMATES."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Q

from billing.costs.delivered import delivered_between
from billing.costs.lines import Cost, Line, cost_of
from billing.costs.usage.sums import UsageTotal, usage_totals
from billing.pricing.book import PriceBook
from billing.pricing.catalogue import DELIVERY, GB, REQUESTS, Service
from billing.usage_rows import ServiceUsage
from channels_app.models import Attachment, Channel
from streamhub.clock import database_now

LEDGER_FINAL_AFTER = timedelta(days=5)  # whole days are read again until four days later
SERVICES = {
    Service.MEDIALIVE: "MediaLive",
    Service.MEDIAPACKAGE: "MediaPackage",
    Service.CLOUDFRONT: "CloudFront",
    Service.S3: "S3",
}


@dataclass(frozen=True)
class PricedUsage:
    """One kind of usage. `line` None: nothing of it is known. `unknown`: hours or days that are not."""

    total: UsageTotal
    line: Line | None

    @property
    def title(self) -> str:
        return self.total.usage.title


@dataclass(frozen=True)
class ServiceCost:
    """What one service was used for, and what that costs as far as it is known."""

    name: str
    usages: list[PricedUsage]

    @property
    def cost(self) -> Cost:
        return Cost(tuple(each.line for each in self.usages if each.line is not None))

    @property
    def unknown(self) -> int:
        return sum(each.total.unknown for each in self.usages)


def services_used(
    start: datetime, end: datetime, book: PriceBook, channel: Channel | None = None
) -> list[ServiceCost]:
    """By service. CloudFront's figures are the ledger's. Priced by the rates at `start`, from the first step
    of the month's volume on.
    """
    totals = usage_totals(start, end, **({"channel_uid": channel.uid} if channel else {}))
    totals += _delivered(start, end, None if channel is None else distributions_of(channel))
    found = []
    for service, name in SERVICES.items():
        usages = [_priced(total, book, start) for total in totals if total.usage.service == service]
        if usages:
            found.append(ServiceCost(name, usages))
    return found


def _priced(total: UsageTotal, book: PriceBook, when: datetime) -> PricedUsage:
    if total.quantity is None:
        return PricedUsage(total, None)
    (line,) = cost_of([(total.usage, total.quantity)], book, when).lines
    return PricedUsage(total, line)


def _delivered(start: datetime, end: datetime, ids: Collection[str] | None) -> list[UsageTotal]:
    sums = delivered_between(start, end, ids)
    if not sums.known:
        return []
    pairs = ((DELIVERY, Decimal(sums.bytes_downloaded) / GB), (REQUESTS, Decimal(sums.requests)))
    final = end + LEDGER_FINAL_AFTER <= database_now()
    return [UsageTotal(usage, quantity, 0, final) for usage, quantity in pairs]


def distributions_of(channel: Channel) -> set[str]:
    """CloudFront's ids of those that deliver or delivered this channel."""
    rows = Attachment.objects.filter(breakout__channel_uid=channel.uid).exclude(aws_distribution_id="")
    ids = set(rows.order_by().values_list("aws_distribution_id", flat=True).distinct())
    present = channel.distribution.aws_distribution_id if channel.distribution else None
    return ids | {present} if present else ids


def unknown_reasons(start: datetime, end: datetime) -> list[tuple[str, int]]:
    """Why rows have no quantity, and how many of them, the most frequent first."""
    rows = ServiceUsage.objects.filter(Q(quantity=None), start__gte=start, start__lt=end)
    counts = rows.values("reason").annotate(count=Count("pk")).order_by("-count", "reason")
    return [(row["reason"], row["count"]) for row in counts]
