"""Names of CloudFront's managed policies by their ids, which are the same in every account.

Source: "Use managed cache policies", "Use managed origin request policies" and "Use managed response
headers policies" in the CloudFront Developer Guide. Of custom policies only those of response headers exist.
"""

from __future__ import annotations

from typing import Any

CACHE = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": "CachingOptimized",
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": "CachingDisabled",
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": "CachingOptimizedForUncompressedObjects",
    "08627262-05a9-4f76-9ded-b50ca2e3a84f": "Elemental-MediaPackage",
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": "UseOriginCacheControlHeaders",
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": "UseOriginCacheControlHeaders-QueryStrings",
}

ORIGIN_REQUEST = {
    "216adef6-5c7f-47e4-b989-5492eafa07d3": "AllViewer",
    "59781a5b-3903-41f3-afcb-af62929ccde1": "CORS-CustomOrigin",
    "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": "CORS-S3Origin",
    "acba4595-bd28-49b8-b9fe-13317c0390fa": "UserAgentRefererHeaders",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": "AllViewerExceptHostHeader",
}

RESPONSE_HEADERS = {
    "60669652-455b-4ae9-85a4-c4c02393f86c": "SimpleCORS",
    "5cc3b908-e619-4b99-88e5-2cf7f45965bd": "CORS-With-Preflight",
    "e61eb60c-9c35-4d20-a928-2b84e02af89c": "CORS-and-SecurityHeadersPolicy",
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63": "CORS-with-preflight-and-SecurityHeadersPolicy",
    "67f7725c-6f97-4210-82d7-5512b31e9d03": "SecurityHeadersPolicy",
}


def managed_cors(policy_id: str) -> dict[str, Any] | None:
    """The `CorsConfig` of a managed response headers policy; None if it has none.

    None of them allows credentials: a player that sends cookies to another origin needs a policy of its own.
    """
    name = RESPONSE_HEADERS.get(policy_id, "")
    if "CORS" not in name:
        return None
    preflight = "preflight" in name.lower()
    methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"] if preflight else ["GET"]
    return {
        "AccessControlAllowOrigins": {"Quantity": 1, "Items": ["*"]},
        "AccessControlAllowHeaders": {"Quantity": 1, "Items": ["*"]},
        "AccessControlAllowMethods": {"Quantity": len(methods), "Items": methods},
        "AccessControlAllowCredentials": False,
        "OriginOverride": False,
    }
