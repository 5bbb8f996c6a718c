"""Addresses in AWS's own console; "" without an id and on the embedded AWS, which has no console."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings

LIVE = "live"


def address(service: str, kind: str, id: str | None) -> str:
    """The page of a resource of a service. `kind`: as its console's addresses name it, in the plural."""
    if not id or settings.STREAMHUB_AWS != LIVE:
        return ""
    region, place = settings.AWS_REGION, f"#/{kind}/{quote(id)}"
    if service == "cloudfront":  # the same for every region
        return f"https://console.aws.amazon.com/cloudfront/v4/home{place}"
    return f"https://{region}.console.aws.amazon.com/{service}/home?region={region}{place}"
