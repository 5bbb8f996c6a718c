"""MediaPackage's bytes as items: measured, and assumed for the time of which there is no measurement.

Assumed are the most that the profile's outputs may send, and ORIGIN_BYTES_PERCENT of what CloudFront
delivered, as in every other cost. What is measured later is a correction, because both are quantities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from billing.costs.encoder import SECONDS_AN_HOUR, Encoder
from billing.costs.now import origination_of
from billing.costs.usage.sums import Measured
from billing.pricing.catalogue import GB, INGEST, Usage
from billing.statements.month import Item, Key, Month, Span, Used

NOTHING, ALL = Decimal(0), Decimal(1)


def share_unknown(measured: Measured, times: Sequence[Span], month: Month) -> Decimal:
    """The part (0 to 1) of these times, as far as they are in the month, of which nothing was measured."""
    inside = [within for span in times if (within := month.within(span))[0] < within[1]]
    if not inside:
        return NOTHING if measured.hours else ALL
    return measured.share_unknown(inside)


def assumed_ingest(encoder: Encoder | None, seconds: int) -> Decimal:
    """The GB that the encoder may have sent in so many seconds. 0: nobody knows its profile any more."""
    parts = encoder.running() if encoder else []
    an_hour = sum((part.an_hour for part in parts if part.usage == INGEST), NOTHING)
    return an_hour * seconds / SECONDS_AN_HOUR


def assumed_origination(bytes_downloaded: int, unknown: Decimal) -> Decimal:
    """The GB that CloudFront may have fetched for this part (0 to 1) of its delivery."""
    return origination_of(bytes_downloaded) * unknown


def items(
    key: Key, customer: str, names: tuple[str, str], usage: Usage, gigabytes: Decimal, when: datetime
) -> Iterator[Item]:
    """The item of these bytes; none without any."""
    quantity = int((gigabytes * GB).to_integral_value())
    if quantity:
        used = (Used(usage, Decimal(quantity) / GB, when),)
        yield Item(key, customer, *names, quantity=quantity, used=used)
