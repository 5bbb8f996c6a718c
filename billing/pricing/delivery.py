"""What delivery costs by the book: CloudFront's bytes and requests of a month. An ESTIMATE; say so.

CloudFront invoices by edge region, and CloudWatch does not say which: every byte is priced in the region
CLOUDFRONT_PRICE_REGION. The free tier and discounts are left out (AWS_RULES 27).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from billing.pricing.book import PriceBook, Version
from billing.pricing.catalogue import DELIVERY, GB, REQUESTS
from billing.pricing.services import region_of

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class DeliveryRates:
    """The two rates in force at a moment. None: the book has none."""

    data: Version | None
    requests: Version | None

    @classmethod
    def at(cls, book: PriceBook, when: datetime) -> DeliveryRates:
        return cls(*(book.at(usage, region_of(usage), when) for usage in (DELIVERY, REQUESTS)))

    @property
    def complete(self) -> bool:
        return self.data is not None and self.requests is not None

    def cost(self, bytes_downloaded: int, requests: int) -> Decimal:
        """The exact price, by the tiers of a month that begins with these. What has no rate is left out."""
        total = Decimal(0)
        if self.data is not None:
            total += self.data.cost(bytes_downloaded / GB)
        if self.requests is not None:
            total += self.requests.cost(Decimal(requests))
        return total


class LinePrices:
    """Prices of a month's lines that add up to the price of their sum.

    Each line gets the difference of the rounded sums before and after it, so that it is less than a cent
    away from its own price at the tiers that the month has reached.
    """

    def __init__(self, rates: DeliveryRates) -> None:
        self._rates = rates
        self._bytes = self._requests = 0
        self.total = Decimal("0.00")

    def add(self, bytes_downloaded: int, requests: int) -> Decimal:
        """The price of the next line."""
        before = self.total
        self._bytes += bytes_downloaded
        self._requests += requests
        self.total = cents(self._rates.cost(self._bytes, self._requests))
        return self.total - before
