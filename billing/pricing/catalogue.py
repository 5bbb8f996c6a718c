"""The kinds of usage that StreamHub causes and AWS bills: their names at AWS, their units, their words.

A name is AWS's usage type without the region's prefix. MediaLive's idle charges are named by their operation
("MediaLive guide, Billing operations"), because their usage types are not documented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

# AWS's GB. Its price list ends "the first 10 TB" at 10,240 GB, and S3's own example divides by 1,073,741,824
# bytes a GB; `offer_file` proves the first on every list that it reads.
GB = Decimal(2**30)
# The hours by which a month's price of storage becomes an hour's: 365 days of 24 hours, a twelfth of them.
HOURS_A_MONTH = Decimal(730)


class Service(StrEnum):
    """AWS's service codes, as price lists and bills have them."""

    MEDIALIVE = "AWSElementalMediaLive"
    MEDIAPACKAGE = "AWSElementalMediaPackage"
    CLOUDFRONT = "AmazonCloudFront"
    S3 = "AmazonS3"


class Unit(StrEnum):
    """The units of the price book, as price lists have them."""

    HOURS = "Hrs"
    GB = "GB"
    REQUESTS = "Requests"
    GB_MONTHS = "GB-Mo"

    @property
    def each(self) -> str:
        """One of it in words, after a price."""
        return {"Hrs": "an hour", "GB": "a GB", "Requests": "a request", "GB-Mo": "a GB and month"}[self]

    @property
    def words(self) -> str:
        """Several of it in words, after a quantity."""
        return {"Hrs": "hours", "GB": "GB", "Requests": "requests", "GB-Mo": "GB months"}[self]


@dataclass(frozen=True, order=True)
class Usage:
    """One kind of usage."""

    service: Service
    usage_type: str

    @property
    def unit(self) -> Unit:
        if self.service == Service.MEDIALIVE:
            return Unit.HOURS
        return {REQUESTS: Unit.REQUESTS, STORAGE: Unit.GB_MONTHS}.get(self, Unit.GB)

    @property
    def title(self) -> str:
        if self == RUNNING_CHANNEL:
            return "MediaLive: running, with a profile that is not known"
        return _TITLES.get(self) or _encoder_title(self.usage_type) or self.usage_type


# Of a run whose profile is not known. It has no rate.
RUNNING_CHANNEL = Usage(Service.MEDIALIVE, "CHANNEL")
IDLE_CHANNEL = Usage(Service.MEDIALIVE, "INACTIVE_CHANNEL")
IDLE_INPUT = Usage(Service.MEDIALIVE, "INACTIVE_INPUT")
INGEST = Usage(Service.MEDIAPACKAGE, "EMP-ingest-bytes")
ORIGINATION = Usage(Service.MEDIAPACKAGE, "EMP-origin-packaging-bytes")
DELIVERY = Usage(Service.CLOUDFRONT, "DataTransfer-Out-Bytes")
REQUESTS = Usage(Service.CLOUDFRONT, "Requests-Tier2-HTTPS")
STORAGE = Usage(Service.S3, "TimedStorage-ByteHrs")

_TITLES = {
    IDLE_CHANNEL: "MediaLive: idle channel",
    IDLE_INPUT: "MediaLive: idle push input",
    INGEST: "MediaPackage: ingest",
    ORIGINATION: "MediaPackage: origination and packaging",
    DELIVERY: "CloudFront: delivery to viewers",
    REQUESTS: "CloudFront: HTTPS requests",
    STORAGE: "S3: storage",
}
PIPELINES = {"SINGLE_PIPELINE": 1, "STANDARD": 2}
_ENCODER = re.compile(
    r"EML(?P<pipelines>[12])-(?P<way>IN|OUT)-AVC-(?P<size>SD|HD)-L(?P<bitrate>10|20|50)(-(?P<frames>30|60)-S)?$"
)


def encoder_input(channel_class: str, bitrate: int) -> Usage:
    """An AVC input. StreamHub declares every input as HD; `bitrate`: its class, 10, 20 or 50 Mbit/s."""
    return Usage(Service.MEDIALIVE, f"EML{PIPELINES[channel_class]}-IN-AVC-HD-L{bitrate}")


def encoder_output(channel_class: str, height: int, bits_a_second: int, frames: int) -> Usage:
    """An AVC output of standard quality, by classes of 10, 20, 50 Mbit/s and 30, 60 frames."""
    size = "HD" if height >= 720 else "SD"
    bitrate = 10 if bits_a_second < 10_000_000 else 20 if bits_a_second <= 20_000_000 else 50
    pipelines = PIPELINES[channel_class]
    usage_type = f"EML{pipelines}-OUT-AVC-{size}-L{bitrate}-{30 if frames <= 30 else 60}-S"
    return Usage(Service.MEDIALIVE, usage_type)


def known(service: str, usage_type: str) -> Usage | None:
    """The kind of usage of these names; None if it is none that StreamHub causes."""
    if service not in list(Service):
        return None
    usage = Usage(Service(service), usage_type)
    return (
        usage if usage in _TITLES or (service == Service.MEDIALIVE and _encoder_title(usage_type)) else None
    )


def _encoder_title(usage_type: str) -> str:
    found = _ENCODER.match(usage_type)
    if found is None or (found["way"] == "OUT") != bool(found["frames"]):
        return ""
    way = "input" if found["way"] == "IN" else "output"
    pipelines = "one pipeline" if found["pipelines"] == "1" else "two pipelines"
    frames = f", up to {found['frames']} frames" if found["frames"] else ""
    return f"MediaLive: {found['size']} {way}, up to {found['bitrate']} Mbit/s{frames}, {pipelines}"


# The price regions of CloudFront, by the prefix of their usage types.
PRICE_REGIONS = {
    "US": "United States",
    "CA": "Canada",
    "EU": "Europe and Israel",
    "ZA": "South Africa and Kenya",
    "ME": "Middle East",
    "SA": "South America",
    "JP": "Japan",
    "AU": "Australia and New Zealand",
    "AP": "Asia Pacific",
    "IN": "India",
}
ANY_REGION = "*"
