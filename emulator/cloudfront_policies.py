"""The policies that CloudFront itself manages, under the ids they have in every account.

"Use managed cache policies", "Use managed origin request policies" and "Use managed response headers
policies" in the CloudFront Developer Guide list them. Custom policies are not offered here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

MADE = datetime(2021, 10, 20, tzinfo=UTC)
YEAR, DAY = 31_536_000, 86_400


def _cache(
    name: str,
    comment: str,
    ttl: tuple[int, int, int],
    compressed: bool = True,
    headers: tuple[str, ...] = (),
    query: tuple[str, ...] | None = (),
    cookies: str = "none",
) -> dict[str, Any]:
    """A cache policy; `ttl` is (least, default, most) in seconds, `query` None means all of them."""
    strings: dict[str, Any] = {"QueryStringBehavior": "all"}
    if query is not None:
        strings = _listed("QueryStringBehavior", "QueryStrings", query)
    return {
        "Comment": comment,
        "Name": f"Managed-{name}",
        "MinTTL": ttl[0],
        "DefaultTTL": ttl[1],
        "MaxTTL": ttl[2],
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": compressed,
            "EnableAcceptEncodingBrotli": compressed and name != "Elemental-MediaPackage",
            "HeadersConfig": _listed("HeaderBehavior", "Headers", headers),
            "CookiesConfig": {"CookieBehavior": cookies},
            "QueryStringsConfig": strings,
        },
    }


def _listed(behaviour: str, key: str, items: tuple[str, ...]) -> dict[str, Any]:
    if not items:
        return {behaviour: "none"}
    return {behaviour: "whitelist", key: {"Quantity": len(items), "Items": list(items)}}


def _cors(name: str, comment: str, methods: tuple[str, ...] = ("GET", "HEAD")) -> dict[str, Any]:
    def some(*items: str) -> dict[str, Any]:
        return {"Quantity": len(items), "Items": list(items)}

    return {
        "Comment": comment,
        "Name": f"Managed-{name}",
        "CorsConfig": {
            "AccessControlAllowOrigins": some("*"),
            "AccessControlAllowHeaders": some("*"),
            "AccessControlAllowMethods": some(*methods),
            "AccessControlAllowCredentials": False,
            "AccessControlExposeHeaders": some("*"),
            "OriginOverride": False,
        },
    }


_PREFLIGHT = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS")
_ORIGIN_HEADERS = ("host", "origin", "x-http-method", "x-http-method-override", "x-method-override")

CACHE: dict[str, dict[str, Any]] = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": _cache(
        "CachingOptimized", "Caches long and compresses; nothing of the request counts.", (1, DAY, YEAR)
    ),
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": _cache("CachingDisabled", "No caching.", (0, 0, 0), False),
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": _cache(
        "CachingOptimizedForUncompressedObjects", "Caches long, without compression.", (1, DAY, YEAR), False
    ),
    "08627262-05a9-4f76-9ded-b50ca2e3a84f": _cache(
        "Elemental-MediaPackage",
        "For a MediaPackage endpoint as the origin.",
        (0, DAY, YEAR),
        headers=("origin",),
        query=("aws.manifestfilter", "start", "end", "m"),
    ),
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": _cache(
        "UseOriginCacheControlHeaders",
        "As the origin says.",
        (0, 0, YEAR),
        headers=_ORIGIN_HEADERS,
        cookies="all",
    ),
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": _cache(
        "UseOriginCacheControlHeaders-QueryStrings",
        "As the origin says; query strings count.",
        (0, 0, YEAR),
        headers=_ORIGIN_HEADERS,
        query=None,
        cookies="all",
    ),
}

ORIGIN_REQUEST = {
    "216adef6-5c7f-47e4-b989-5492eafa07d3": "AllViewer",
    "59781a5b-3903-41f3-afcb-af62929ccde1": "CORS-CustomOrigin",
    "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": "CORS-S3Origin",
    "acba4595-bd28-49b8-b9fe-13317c0390fa": "UserAgentRefererHeaders",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": "AllViewerExceptHostHeader",
}

RESPONSE_HEADERS: dict[str, dict[str, Any]] = {
    "60669652-455b-4ae9-85a4-c4c02393f86c": _cors("SimpleCORS", "Allows all origins for simple requests."),
    "5cc3b908-e619-4b99-88e5-2cf7f45965bd": _cors(
        "CORS-With-Preflight", "Allows all origins, preflight requests too.", _PREFLIGHT
    ),
    "e61eb60c-9c35-4d20-a928-2b84e02af89c": _cors(
        "CORS-and-SecurityHeadersPolicy", "Simple CORS and security headers."
    ),
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63": _cors(
        "CORS-with-preflight-and-SecurityHeadersPolicy",
        "CORS with preflight, and security headers.",
        _PREFLIGHT,
    ),
    "67f7725c-6f97-4210-82d7-5512b31e9d03": {
        "Comment": "Security headers only.",
        "Name": "Managed-SecurityHeadersPolicy",
    },
}


def cache_policy(policy_id: str) -> dict[str, Any]:
    """A managed cache policy as `GetCachePolicy` shows it. KeyError if there is none."""
    return {"Id": policy_id, "LastModifiedTime": MADE, "CachePolicyConfig": CACHE[policy_id]}


def response_headers_policy(policy_id: str) -> dict[str, Any]:
    """A managed response headers policy as `GetResponseHeadersPolicy` shows it. KeyError if none."""
    return {
        "Id": policy_id,
        "LastModifiedTime": MADE,
        "ResponseHeadersPolicyConfig": RESPONSE_HEADERS[policy_id],
    }
