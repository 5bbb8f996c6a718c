"""Addresses in AWS's own console; "" without an id and on the embedded AWS, which has no console."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings


def medialive_channel(id: str | None) -> str:
    return _of_region("medialive", f"#/channels/{quote(id)}" if id else "")


def medialive_input(id: str | None) -> str:
    return _of_region("medialive", f"#/inputs/{quote(id)}" if id else "")


def input_security_group(id: str | None) -> str:
    return _of_region("medialive", f"#/input-security-groups/{quote(id)}" if id else "")


def mediapackage_channel(id: str | None) -> str:
    """MediaPackage's page of a channel lists its endpoints too."""
    return _of_region("mediapackage", f"#/channels/{quote(id)}" if id else "")


def distribution(id: str | None) -> str:
    """CloudFront is global: its console is the same for every region."""
    if not id or settings.STREAMHUB_AWS != "live":
        return ""
    return f"https://console.aws.amazon.com/cloudfront/v4/home#/distributions/{quote(id)}"


def _of_region(service: str, place: str) -> str:
    if not place or settings.STREAMHUB_AWS != "live":
        return ""
    region = settings.AWS_REGION
    return f"https://{region}.console.aws.amazon.com/{service}/home?region={region}{place}"
