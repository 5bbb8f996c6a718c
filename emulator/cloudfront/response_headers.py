"""CloudFront's response headers policies: the managed ones, and those that the console makes.

Pages: "GetResponseHeadersPolicy", "Understand response headers policies".
"""

from __future__ import annotations

from typing import Any

from emulator.base import Refusal, Service
from emulator.cloudfront.policies import RESPONSE_HEADERS, managed_cors

_CORS = "access-control-"


class ResponseHeaders(Service):
    """`header_policies`: the account's own policies, by id: what `CorsConfig` says."""

    header_policies: dict[str, dict[str, Any]]

    def get_response_headers_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        policy_id = params["Id"]
        if policy_id not in RESPONSE_HEADERS and policy_id not in self.header_policies:
            raise Refusal(
                "NoSuchResponseHeadersPolicy", "The specified response headers policy does not exist.", 404
            )
        cors = self.header_policies.get(policy_id) or managed_cors(policy_id)
        config = {"Name": RESPONSE_HEADERS.get(policy_id, f"policy-{policy_id}")}
        return {
            "ResponseHeadersPolicy": {
                "Id": policy_id,
                "LastModifiedTime": self.world.clock.now(),
                "ResponseHeadersPolicyConfig": {**config, **({"CorsConfig": cors} if cors else {})},
            },
            "ETag": "E2QWRUHEXAMPLE",
        }

    def cors_headers(
        self, policy_id: str | None, origin: str | None, answered: dict[str, str]
    ) -> dict[str, str]:
        """The CORS headers that a policy adds to an answer that has `answered`, to a request of `origin`."""
        own = self.header_policies.get(policy_id or "")
        cors = own or managed_cors(policy_id or "")
        if not cors or not origin:
            return answered
        allowed = _allowed(cors, origin)
        if not cors["OriginOverride"]:
            return {**allowed, **answered}
        kept = {name: value for name, value in answered.items() if not name.lower().startswith(_CORS)}
        return {**kept, **allowed}


def _allowed(cors: dict[str, Any], origin: str) -> dict[str, str]:
    origins = cors["AccessControlAllowOrigins"]["Items"]
    if "*" not in origins and origin not in origins:
        return {}
    headers = {"Access-Control-Allow-Origin": "*" if "*" in origins else origin}
    if cors["AccessControlAllowCredentials"]:
        headers |= {"Access-Control-Allow-Credentials": "true", "Vary": "Origin"}
    if len(cors["AccessControlAllowMethods"]["Items"]) > 1:
        methods = ", ".join(cors["AccessControlAllowMethods"]["Items"])
        headers |= {"Access-Control-Allow-Methods": methods, "Access-Control-Expose-Headers": "*"}
    return headers
