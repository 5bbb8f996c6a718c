"""An origin that is to answer only CloudFront: the secret, the settings, and what a viewer gets."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels_app.models import Channel
from distributions.driver import origin_header
from tests.scenarios.stage import channel
from tests.scenarios.world import WorldUnderTest

FIRST, SECOND, THIRD = (f"9ceebbe7-9607-4552-8764-87{n}e47032660" for n in (1, 2, 3))
ROLE = "arn:aws:iam::111122223333:role/MediaPackageSecrets"
HEADER = "X-MediaPackage-CDNIdentifier"


def put(world: WorldUnderTest, value: str, arn: str | None = None) -> str:
    """A new version of the secret, or a new secret; returns its ARN."""
    return str(world.control.console("mediapackage", "put_secret", value=value, arn=arn)["arn"])


def want_closed(world: WorldUnderTest, settings: Any, value: str = FIRST) -> str:
    """From now on the settings say that origins are closed; returns the secret's ARN."""
    settings.MEDIAPACKAGE_CDN_SECRET_ARN = put(world, value)
    settings.MEDIAPACKAGE_CDN_ROLE_ARN = ROLE
    return str(settings.MEDIAPACKAGE_CDN_SECRET_ARN)


def noticed_at_once(monkeypatch: Any) -> None:
    """A new version of the secret is used at once; the embedded AWS notices it at once too."""
    monkeypatch.setattr(origin_header, "NOTICED_SECONDS", 0)


def at_origin(world: WorldUnderTest, header: str | None = None) -> int:
    """What the origin answers to somebody who knows its address, with or without the header."""
    headers = {HEADER: header} if header else {}
    return world.control.play(channel().endpoint_url, headers=headers)[0]


def through_cloudfront(world: WorldUnderTest, row: Channel | None = None) -> int:
    """What a viewer gets."""
    row = row or channel()
    assert row.distribution is not None
    path = urlsplit(row.endpoint_url).path
    return world.control.play(f"https://{row.distribution.domain_name}{path}")[0]
