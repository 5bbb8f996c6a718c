"""CloudFront's response headers policies: whom the answers let read them (CORS). Only read.

Pages: "Understand response headers policies", "ResponseHeadersPolicyCorsConfig".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streamhub.aws.session import AwsSession
from streamhub.errors import AwsError

_MISSING = "NoSuchResponseHeadersPolicy"


@dataclass(frozen=True)
class CorsPolicy:
    """The CORS part of a policy; without one nothing is allowed.

    `overrides`: its headers replace those of the origin. MediaPackage answers with `*`, which a browser
    refuses for a request with cookies.
    """

    origins: tuple[str, ...] = ()
    credentials: bool = False
    overrides: bool = False

    def problem_with(self, origins: Iterable[str]) -> str:
        """Why pages of these origins could not play with cookies, in a sentence; "": they can."""
        missing = [origin for origin in origins if origin not in self.origins]
        if missing:
            return f"It does not name {', '.join(missing)} among its origins."
        if "*" in self.origins:
            return "It allows every origin; with credentials browsers want the origin named."
        if not self.credentials:
            return "It does not allow credentials (AccessControlAllowCredentials)."
        return "" if self.overrides else "It does not override the headers of the origin (OriginOverride)."


def cors_policy(session: AwsSession, id: str) -> CorsPolicy | None:
    """GetResponseHeadersPolicy; None if there is no such policy."""
    try:
        response, _request_id = session.call("cloudfront", "GetResponseHeadersPolicy", Id=id)
    except AwsError as error:
        if error.code == _MISSING:
            return None
        raise
    cors = response["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"].get("CorsConfig")
    if cors is None:
        return CorsPolicy()
    return CorsPolicy(
        tuple(cors["AccessControlAllowOrigins"].get("Items") or []),
        bool(cors["AccessControlAllowCredentials"]),
        bool(cors["OriginOverride"]),
    )
