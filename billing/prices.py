"""What delivery roughly costs. This is an ESTIMATE; say so wherever it is shown.

CloudFront invoices by edge region, with volume steps and a free tier ("Amazon CloudFront Pricing");
CloudWatch's bytes have no such details (AWS_RULES 27). Money is Decimal, a GB is 10^9 bytes.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

GB = Decimal(10**9)
CENT = Decimal("0.01")
# List price of the first step in the United States and Europe, in US dollars.
USD_PER_GB = Decimal("0.085")
USD_PER_10_000_REQUESTS = Decimal("0.01")


def estimate_usd(
    bytes_downloaded: int,
    requests: int = 0,
    *,
    usd_per_gb: Decimal = USD_PER_GB,
    usd_per_10_000_requests: Decimal = USD_PER_10_000_REQUESTS,
) -> Decimal:
    """The estimated price, in US dollars to the cent, of delivering these bytes in these HTTPS requests."""
    exact = bytes_downloaded / GB * usd_per_gb + Decimal(requests) / 10_000 * usd_per_10_000_requests
    return exact.quantize(CENT, ROUND_HALF_UP)


class LinePrices:
    """Prices of lines that add up to the price of their sum.

    Each line gets the difference of the rounded sums before and after it, so that it is less than a cent
    away from its own price.
    """

    def __init__(self) -> None:
        self._bytes = self._requests = 0
        self.total = Decimal("0.00")

    def add(self, bytes_downloaded: int, requests: int) -> Decimal:
        """The price of the next line."""
        before = self.total
        self._bytes += bytes_downloaded
        self._requests += requests
        self.total = estimate_usd(self._bytes, self._requests)
        return self.total - before
