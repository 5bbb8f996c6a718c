"""A CloudFront configuration, from the few values that differ between our distributions. Pure.

Pages: "DistributionConfig", "Use managed cache policies", "CustomErrorResponse".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamhub.aws.ownership import COMMENT_MAX
from streamhub.errors import Refused

# Managed policy *Elemental-MediaPackage*: forwards the query strings that MediaPackage knows and follows
# its Cache-Control, short for playlists and long for segments (AWS_RULES 10).
CACHE_POLICY_ID = "08627262-05a9-4f76-9ded-b50ca2e3a84f"

# Errors in the seconds before the first segment must not stay in the cache, whatever the origin says of them
# (AWS_RULES 10): all statuses for which CloudFront takes a time.
ERRORS_CACHED_BRIEFLY = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
ERROR_CACHE_SECONDS = 1

# Raise it when a release changes what `with_delivery` sets: all distributions are outdated then.
DELIVERY_REVISION = "1"

ORIGIN_ID = "mediapackage"
# The header with which CloudFront proves itself to a closed MediaPackage endpoint (AWS_RULES 36).
ORIGIN_HEADER = "X-MediaPackage-CDNIdentifier"


@dataclass(frozen=True)
class DistributionSpec:
    """The values of one of our distributions.

    `caller_reference` is the idempotency reference of its row; `comment` carries the mark
    (`ownership.comment_marker`); `origin_url` is the MediaPackage endpoint's URL. Without a
    `key_group_id` anyone who knows the URL can watch. `origin_header`: the value of `ORIGIN_HEADER`, a
    secret; "" for an open origin.
    """

    caller_reference: str
    comment: str
    origin_url: str
    price_class: str
    response_headers_policy_id: str | None
    key_group_id: str | None
    tags: Mapping[str, str]
    enabled: bool = True
    origin_header: str = field(default="", repr=False)


def distribution_config(spec: DistributionSpec) -> dict[str, Any]:
    """The `DistributionConfig`. Raises Refused for a comment that is too long or an origin without https."""
    if len(spec.comment) > COMMENT_MAX:
        raise Refused(f"A distribution's comment can have at most {COMMENT_MAX} characters.")
    return {
        "CallerReference": spec.caller_reference,
        "Comment": spec.comment,
        "Enabled": spec.enabled,
        "Aliases": _items([]),
        "DefaultRootObject": "",
        "Origins": _items([_origin(spec.origin_url, spec.origin_header)]),
        "OriginGroups": _items([]),
        "DefaultCacheBehavior": _behavior(spec),
        "CacheBehaviors": _items([]),
        "CustomErrorResponses": _items(_error_responses()),
        "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
        "PriceClass": spec.price_class,
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2and3",
        "IsIPV6Enabled": True,
    }


def _items(items: Sequence[Any]) -> dict[str, Any]:
    """A CloudFront list: Quantity must equal the number of Items (AWS_RULES 8)."""
    return {"Quantity": len(items), "Items": list(items)} if items else {"Quantity": 0}


def with_delivery(
    config: Mapping[str, Any], *, response_headers_policy_id: str | None, key_group_id: str | None
) -> dict[str, Any]:
    """The configuration with our settings of delivery; what else is in it stays, also what others set."""
    behavior = {
        **config["DefaultCacheBehavior"],
        "CachePolicyId": CACHE_POLICY_ID,
        "TrustedKeyGroups": _trusted_key_groups(key_group_id),
    }
    behavior.pop("ResponseHeadersPolicyId", None)
    if response_headers_policy_id:
        behavior["ResponseHeadersPolicyId"] = response_headers_policy_id
    return {
        **config,
        "DefaultCacheBehavior": behavior,
        "CustomErrorResponses": _items(_error_responses()),
    }


def with_origin_header(config: Mapping[str, Any], value: str) -> dict[str, Any]:
    """The configuration whose MediaPackage origin gets this value of `ORIGIN_HEADER`; "": not the header.

    Raises Refused if it has no such origin any more.
    """
    origins = config["Origins"]["Items"]
    if not any(origin["Id"] == ORIGIN_ID for origin in origins):
        raise Refused(f"The distribution has no origin with the id {ORIGIN_ID} any more.")
    return {
        **config,
        "Origins": _items(
            [_with_header(each, value) if each["Id"] == ORIGIN_ID else each for each in origins]
        ),
    }


def same_config(one: object, other: object) -> bool:
    """Whether two configurations mean the same: an empty list may be written with or without `Items`."""
    return _normal(one) == _normal(other)


def _normal(part: object) -> object:
    """In CloudFront's answers neither the order of a list nor empty `Items` mean anything."""
    if isinstance(part, Mapping):
        return {key: _normal(value) for key, value in part.items() if not (key == "Items" and not value)}
    if isinstance(part, list):
        return sorted((_normal(each) for each in part), key=repr)
    return part


def _with_header(origin: Mapping[str, Any], value: str) -> dict[str, Any]:
    present = origin.get("CustomHeaders", {}).get("Items", [])
    others = [each for each in present if each["HeaderName"].lower() != ORIGIN_HEADER.lower()]
    return {**origin, "CustomHeaders": _items([*others, *_headers(value)])}


def _headers(value: str) -> list[dict[str, str]]:
    return [{"HeaderName": ORIGIN_HEADER, "HeaderValue": value}] if value else []


def _origin(url: str, header: str = "") -> dict[str, Any]:
    """The origin endpoint's host. Viewers request MediaPackage's own paths, so OriginPath is empty."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise Refused(f"The origin endpoint's URL must start with https:// and contain a host: {url!r}")
    return {
        "Id": ORIGIN_ID,
        "DomainName": parts.hostname,
        "OriginPath": "",
        "CustomHeaders": _items(_headers(header)),
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": parts.port or 443,
            "OriginProtocolPolicy": "https-only",
            "OriginSslProtocols": _items(["TLSv1.2"]),
            "OriginReadTimeout": 30,
            "OriginKeepaliveTimeout": 5,
        },
        "ConnectionAttempts": 3,
        "ConnectionTimeout": 10,
        "OriginShield": {"Enabled": False},
    }


def _behavior(spec: DistributionSpec) -> dict[str, Any]:
    """The only behaviour: read only, https only, cached as MediaPackage says."""
    behavior: dict[str, Any] = {
        "TargetOriginId": ORIGIN_ID,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": _items(["GET", "HEAD", "OPTIONS"]) | {"CachedMethods": _items(["GET", "HEAD"])},
        "Compress": True,
        "SmoothStreaming": False,
        "CachePolicyId": CACHE_POLICY_ID,
        "FieldLevelEncryptionId": "",
        "LambdaFunctionAssociations": _items([]),
        "FunctionAssociations": _items([]),
        "TrustedSigners": {"Enabled": False, **_items([])},
        "TrustedKeyGroups": _trusted_key_groups(spec.key_group_id),
    }
    if spec.response_headers_policy_id:
        behavior["ResponseHeadersPolicyId"] = spec.response_headers_policy_id
    return behavior


def _trusted_key_groups(key_group_id: str | None) -> dict[str, Any]:
    """The key group whose signatures viewers need (AWS_RULES 11), if there is one."""
    return {"Enabled": bool(key_group_id), **_items([key_group_id] if key_group_id else [])}


def _error_responses() -> list[dict[str, Any]]:
    return [{"ErrorCode": code, "ErrorCachingMinTTL": ERROR_CACHE_SECONDS} for code in ERRORS_CACHED_BRIEFLY]
