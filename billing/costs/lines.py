"""A cost as lines: what was used, how much of it, the rate's version, the amount. Each is an ESTIMATE."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.pricing.book import PriceBook, Version
from billing.pricing.catalogue import Usage
from billing.pricing.delivery import cents
from billing.pricing.offer_file import CURRENCY
from billing.pricing.services import region_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# An hour may cost less than a cent.
HOURLY = Decimal("0.0001")
LEAVES_OUT = (
    _("discounts, reservations, the free tier, taxes and support"),
    _("what others of the account use, and services that StreamHub does not start"),
)


@dataclass(frozen=True)
class Line:
    """One kind of usage. `rate`, `amount` None: the price book has no rate for it."""

    usage: Usage
    quantity: Decimal
    rate: Version | None
    amount: Decimal | None

    @property
    def shown_quantity(self) -> str:
        """The quantity to show: four digits after the point at most."""
        text = f"{self.quantity:,.4f}"
        return text.rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Cost:
    """The exact sum of its lines; what has no rate is not in it, and named in `leaves_out`."""

    lines: tuple[Line, ...]

    @property
    def exact(self) -> Decimal:
        return sum((line.amount for line in self.lines if line.amount is not None), Decimal(0))

    @property
    def amount(self) -> Decimal:
        return cents(self.exact)

    @property
    def hourly(self) -> Decimal:
        return hourly(self.exact)

    @property
    def rates(self) -> list[int]:
        """The versions that it was priced by."""
        return sorted({line.rate.number for line in self.lines if line.rate is not None})

    @property
    def missing(self) -> list[str]:
        return sorted({line.usage.title for line in self.lines if line.rate is None})

    @property
    def unknown(self) -> bool:
        """Whether nothing of it has a rate, so that its sum says nothing."""
        return bool(self.lines) and all(line.rate is None for line in self.lines)

    @property
    def unverified(self) -> bool:
        return any(line.rate is not None and not line.rate.verified for line in self.lines)

    def leaves_out(self, *more: StrOrPromise) -> list[str]:
        """What is not in it, in phrases."""
        missing = [
            gettext("%(title)s (the price book has no rate)") % {"title": title} for title in self.missing
        ]
        return [*missing, *(str(text) for text in (*more, *LEAVES_OUT))]


def hourly(amount: Decimal) -> Decimal:
    return amount.quantize(HOURLY, ROUND_HALF_UP)


def cost_of(quantities: Iterable[tuple[Usage, Decimal]], book: PriceBook, when: datetime) -> Cost:
    """What these quantities cost by the rates in force `when`, one line for each kind of usage."""
    sums: dict[Usage, Decimal] = {}
    for usage, quantity in quantities:
        sums[usage] = sums.get(usage, Decimal(0)) + quantity
    return Cost(tuple(_line(usage, quantity, book, when) for usage, quantity in sums.items()))


def _line(usage: Usage, quantity: Decimal, book: PriceBook, when: datetime) -> Line:
    rate = book.at(usage, region_of(usage), when)
    return Line(usage, quantity, rate, None if rate is None else rate.cost(quantity))


def joined(costs: Iterable[Cost]) -> Cost:
    """One cost of several: lines of the same usage and rate are one."""
    sums: dict[tuple[Usage, Version | None], Line] = {}
    for line in (line for cost in costs for line in cost.lines):
        known = sums.get((line.usage, line.rate), Line(line.usage, Decimal(0), line.rate, None))
        amount = None if line.amount is None else line.amount + (known.amount or 0)
        sums[line.usage, line.rate] = Line(line.usage, known.quantity + line.quantity, line.rate, amount)
    return Cost(tuple(sums.values()))


__all__ = ["CURRENCY", "Cost", "Line", "cost_of", "hourly", "joined"]
