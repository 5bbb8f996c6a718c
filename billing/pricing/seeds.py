"""The rates that a new installation has: a snapshot of public list prices, each with its source.

They are no offer and no bill. `verified` says that a published page or price list of AWS states the figure;
the others were worked out or remembered, and say so. Import your own price list (docs/billing.md, "Prices"):
rates of a region stand before those of every region ("*").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from billing.pricing.catalogue import (
    ANY_REGION,
    DELIVERY,
    IDLE_CHANNEL,
    IDLE_INPUT,
    INGEST,
    ORIGINATION,
    REQUESTS,
    STORAGE,
    Service,
    Usage,
)

# From when on they count: before anything that StreamHub can have used.
VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
READ = "read 2026-11-26"


@dataclass(frozen=True)
class Seed:
    """One rate. `tiers` as `PriceRate.tiers`."""

    usage: Usage
    region: str
    tiers: tuple[tuple[str, str], ...]
    source: str
    verified: bool = False


def _flat(price: str) -> tuple[tuple[str, str], ...]:
    return (("0", price),)


EXAMPLE = (
    "AWS's cost example 2 of the solution Live Streaming on AWS with Amazon S3 (N. Virginia, class not"
    " stated), " + READ
)
STANDS_IN = "stands in for every region"
REMEMBERED = f"remembered, no published source found, {STANDS_IN}"
_VIRGINIA = "us-east-1"

# MediaLive, us-east-1, two pipelines (STANDARD), USD an hour. One pipeline costs 60 % of it: the one rate of
# both classes that was found (HD AVC input below 10 Mbit/s, $0.1404 with one pipeline) fits that.
_STANDARD = {
    "IN-AVC-HD-L10": "0.234",
    "IN-AVC-HD-L20": "0.294",
    "OUT-AVC-SD-L10-30-S": "0.354",
    "OUT-AVC-HD-L10-30-S": "0.702",
}
_SINGLE = {
    "IN-AVC-HD-L10": "0.1404",
    "IN-AVC-HD-L20": "0.1764",
    "OUT-AVC-SD-L10-30-S": "0.2124",
    "OUT-AVC-HD-L10-30-S": "0.4212",
}
# Up to 60 frames cost more; how much was not found.
_SIXTY = {
    ("EML2", "OUT-AVC-SD-L10-60-S"): "0.4425",
    ("EML2", "OUT-AVC-HD-L10-60-S"): "0.8775",
    ("EML1", "OUT-AVC-SD-L10-60-S"): "0.2655",
    ("EML1", "OUT-AVC-HD-L10-60-S"): "0.5265",
}
_FOUND = "AWS's price list of N. Virginia (EML1-USE1-IN-AVC-HD-L10), quoted in a public repository, " + READ


def _medialive() -> Iterator[Seed]:
    def seed(usage_type: str, price: str, source: str) -> Seed:
        return Seed(Usage(Service.MEDIALIVE, usage_type), ANY_REGION, _flat(price), source)

    for kind, price in _STANDARD.items():
        yield seed(f"EML2-{kind}", price, f"{EXAMPLE}; {STANDS_IN}")
    for kind, price in _SINGLE.items():
        yield seed(f"EML1-{kind}", price, f"60 % of two pipelines ({EXAMPLE}); {STANDS_IN}")
    for (pipelines, kind), price in _SIXTY.items():
        yield seed(f"{pipelines}-{kind}", price, f"a guess: a quarter more than 30 frames; {STANDS_IN}")
    yield Seed(
        Usage(Service.MEDIALIVE, "EML1-IN-AVC-HD-L10"), _VIRGINIA, _flat("0.1404"), _FOUND, verified=True
    )
    yield Seed(IDLE_CHANNEL, ANY_REGION, _flat("0.01"), REMEMBERED)
    yield Seed(IDLE_INPUT, ANY_REGION, _flat("0.01"), REMEMBERED)


_MEDIAPACKAGE = "AWS's price list of MediaPackage of 2024-09-01, as a public data set has it, " + READ


def _mediapackage() -> Iterator[Seed]:
    yield Seed(INGEST, "eu-north-1", _flat("0.031"), _MEDIAPACKAGE, verified=True)
    yield Seed(INGEST, "ap-south-1", _flat("0.043"), _MEDIAPACKAGE, verified=True)
    yield Seed(INGEST, ANY_REGION, _flat("0.031"), f"Stockholm's rate; {STANDS_IN}")
    yield Seed(ORIGINATION, "eu-west-3", _flat("0.06"), _MEDIAPACKAGE, verified=True)
    yield Seed(ORIGINATION, ANY_REGION, _flat("0.06"), f"Paris' rate; {STANDS_IN}")


# CloudFront, USD a GB: the first 10, next 40, 100, 350, 524 TB, next 4 PB, over 5 PB of a month.
_STEPS = ("0", "10240", "51200", "153600", "512000", "1048576", "5242880")
_DELIVERY = {
    "US": ("0.085", "0.080", "0.060", "0.040", "0.030", "0.025", "0.020"),
    "CA": ("0.085", "0.080", "0.060", "0.040", "0.030", "0.025", "0.020"),
    "EU": ("0.085", "0.080", "0.060", "0.040", "0.030", "0.025", "0.020"),
    "ZA": ("0.110", "0.105", "0.090", "0.080", "0.060", "0.050", "0.040"),
    "ME": ("0.110", "0.105", "0.090", "0.080", "0.060", "0.050", "0.040"),
    "SA": ("0.110", "0.105", "0.090", "0.080", "0.060", "0.050", "0.040"),
    "JP": ("0.114", "0.089", "0.086", "0.084", "0.080", "0.070", "0.060"),
    "AU": ("0.114", "0.098", "0.094", "0.092", "0.090", "0.085", "0.080"),
    "AP": ("0.120", "0.100", "0.095", "0.090", "0.080", "0.070", "0.060"),
    "IN": ("0.109", "0.085", "0.082", "0.080", "0.078", "0.075", "0.072"),
}
# CloudFront, USD an HTTPS request.
_REQUESTS = {"EU": ("0.0000012", True), "US": ("0.000001", True), "CA": ("0.000001", False)}
_MOST_REQUESTS = "0.0000022"
_PAGE = "the page Amazon CloudFront Pricing, " + READ


def _cloudfront() -> Iterator[Seed]:
    for region, prices in _DELIVERY.items():
        yield Seed(DELIVERY, region, tuple(zip(_STEPS, prices, strict=True)), _PAGE, verified=True)
    for region, (price, verified) in _REQUESTS.items():
        source = "AWS's price list, quoted in public repositories, " + READ
        yield Seed(REQUESTS, region, _flat(price), source if verified else REMEMBERED, verified)
    yield Seed(REQUESTS, ANY_REGION, _flat(_MOST_REQUESTS), f"the dearest region, {REMEMBERED}")


def _s3() -> Iterator[Seed]:
    frankfurt = "AWS's price list (EUC1-TimedStorage-ByteHrs), quoted in a public repository, " + READ
    virginia = "AWS's cost example of the solution Live Streaming on AWS with Amazon S3, " + READ
    yield Seed(STORAGE, "eu-central-1", _flat("0.0245"), frankfurt, verified=True)
    yield Seed(STORAGE, "us-east-1", _flat("0.023"), virginia, verified=True)
    yield Seed(STORAGE, ANY_REGION, _flat("0.0245"), f"Frankfurt's rate; {STANDS_IN}")


SEEDS = (*_medialive(), *_mediapackage(), *_cloudfront(), *_s3())
