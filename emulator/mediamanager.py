"""The MediaManager distribution, which exists before StreamHub and serves the two buckets.

The embedded process creates it at the start; the worlds of tests begin empty.
"""

from __future__ import annotations

from typing import Any, Protocol

from .base import World

COMMENT = "MediaManager: recordings and media files (shared, made by hand)"
RECORDINGS, MEDIA = "recordings", "media-manager"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
SIMPLE_CORS = "60669652-455b-4ae9-85a4-c4c02393f86c"


class CloudFront(Protocol):
    """The part of CloudFront that this module uses."""

    def add_access_control(self, config: dict[str, Any]) -> str: ...

    def add_old(self, known_id: str, config: dict[str, Any]) -> None: ...


def create_mediamanager(world: World, distribution_id: str, recording_bucket: str, media_bucket: str) -> None:
    """Create the distribution, already deployed, in front of both buckets."""
    cloudfront: CloudFront = world.services["cloudfront"]  # type: ignore[assignment]
    origins = [
        _origin(cloudfront, RECORDINGS, recording_bucket, world.region),
        _origin(cloudfront, MEDIA, media_bucket, world.region),
    ]
    behaviour = {"PathPattern": "/media-manager/*", **_behaviour(MEDIA)}
    config = {
        "CallerReference": "mediamanager",
        "Comment": COMMENT,
        "Enabled": True,
        "PriceClass": "PriceClass_100",
        "HttpVersion": "http2and3",
        "IsIPV6Enabled": True,
        "Origins": {"Quantity": len(origins), "Items": origins},
        "DefaultCacheBehavior": _behaviour(RECORDINGS),
        "CacheBehaviors": {"Quantity": 1, "Items": [behaviour]},
    }
    cloudfront.add_old(distribution_id, config)


def is_mediamanager(resource: dict[str, Any]) -> bool:
    """Whether a distribution of the inventory is this one."""
    return resource.get("Comment") == COMMENT


def _origin(cloudfront: CloudFront, name: str, bucket: str, region: str) -> dict[str, Any]:
    """A private bucket that only this distribution may read."""
    control = {
        "Name": f"mediamanager-{bucket}",
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }
    return {
        "Id": name,
        "DomainName": f"{bucket}.s3.{region}.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginAccessControlId": cloudfront.add_access_control(control),
    }


def _behaviour(origin: str) -> dict[str, Any]:
    reads = ["GET", "HEAD"]
    return {
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": "redirect-to-https",
        "Compress": True,
        "CachePolicyId": CACHING_OPTIMIZED,
        "ResponseHeadersPolicyId": SIMPLE_CORS,
        "AllowedMethods": {
            "Quantity": 2,
            "Items": reads,
            "CachedMethods": {"Quantity": 2, "Items": reads},
        },
    }
