"""A month's bill for people: ours beside AWS's, and what nobody explains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from billing.bill_rows import BillShare, BillVersion, BreakoutBill, Unexplained, as_decimal
from billing.costs.lines import CURRENCY
from billing.pricing.catalogue import Service

NOBODY = "no customer"
TITLES = {
    Service.MEDIALIVE.value: "MediaLive",
    Service.MEDIAPACKAGE.value: "MediaPackage",
    Service.CLOUDFRONT.value: "CloudFront",
    Service.S3.value: "S3",
}
# What is on the bill for other reasons than our channels and shows.
NOT_OURS = (
    Unexplained.OTHERS,
    Unexplained.SHARED,
    Unexplained.NO_RESOURCE,
    Unexplained.TAX,
    Unexplained.CREDIT,
    Unexplained.REFUND,
    Unexplained.FEE,
    Unexplained.DISCOUNT,
    Unexplained.UNKNOWN,
)


@dataclass(frozen=True)
class Compared:
    """`estimate` None: StreamHub has none. `comparable`: both are in the same currency.

    `partial`: a part of what was billed has no estimate.
    """

    name: str
    billed: Decimal
    estimate: Decimal | None
    comparable: bool = True
    url: str = ""
    partial: bool = False

    @property
    def difference(self) -> Decimal | None:
        """AWS's more than ours, in percent of ours; None without an estimate of all of it."""
        if not self.comparable or self.partial or not self.estimate:
            return None
        return (self.billed - self.estimate) * 100 / self.estimate


@dataclass(frozen=True)
class Reason:
    """An amount that is no breakout's."""

    why: Unexplained
    billed: Decimal


def by_service(version: BillVersion) -> list[Compared]:
    """What our resources cost, by service, the dearest first: breakouts', idle, rehearsal and all."""
    rows = BillShare.objects.filter(version=version).exclude(why__in=NOT_OURS)
    sums = dict(rows.values_list("service").annotate(Sum("picos")).order_by("service"))
    estimates = {name: Decimal(text) for name, text in version.estimate.items()}
    found = [
        _compared(version, TITLES.get(name, name or "-"), sums.get(name, 0), estimates.get(name))
        for name in {*sums, *estimates}
    ]
    return _dearest(found)


def by_customer(version: BillVersion) -> list[Compared]:
    return _by(version, "breakout__customer", NOBODY)


def by_channel(version: BillVersion) -> list[Compared]:
    return _by(version, "breakout__channel_name", "-")


def _by(version: BillVersion, column: str, without: str) -> list[Compared]:
    rows = BreakoutBill.objects.filter(version=version).values_list(column)
    gaps = Count("pk", filter=Q(estimate_picos=None))
    sums = rows.annotate(Sum("picos"), Sum("estimate_picos"), gaps=gaps).order_by(column)
    return _dearest(
        _compared(version, name or without, billed, _or_none(estimate), unknown)
        for name, billed, estimate, unknown in sums
    )


def _or_none(picos: int | None) -> Decimal | None:
    return None if picos is None else as_decimal(picos)


def _compared(
    version: BillVersion, name: str, picos: int, estimate: Decimal | None, gaps: int = 0
) -> Compared:
    return Compared(name, as_decimal(picos), estimate, version.currency == CURRENCY, partial=gaps > 0)


def _dearest(rows: Iterable[Compared]) -> list[Compared]:
    return sorted(rows, key=lambda row: (-row.billed, row.name))


def reasons(version: BillVersion) -> list[Reason]:
    """What no breakout explains, by reason, in their order."""
    rows = BillShare.objects.filter(version=version).exclude(why="").values_list("why")
    sums: Counter[str] = Counter(dict(rows.annotate(Sum("picos")).order_by("why")))
    return [Reason(why, as_decimal(sums[why])) for why in Unexplained if why in sums]


def on_breakouts(version: BillVersion) -> Decimal:
    rows = BillShare.objects.filter(version=version, why="")
    return as_decimal(rows.aggregate(total=Sum("picos"))["total"] or 0)


def unexplained(version: BillVersion, why: str = "") -> QuerySet[BillShare]:
    """The amounts that are no breakout's, the largest first; of one reason, or of all."""
    rows = BillShare.objects.filter(version=version)
    return (rows.filter(why=why) if why else rows.exclude(why="")).order_by("-picos", "pk")
