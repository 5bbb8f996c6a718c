"""What distributions refer to: policies, origin access controls, key groups, certificates.

Policies are CloudFront's own. Key groups and certificates come into being in the console; StreamHub
only reads the former and names the latter.
"""

from __future__ import annotations

from typing import Any

from . import cloudfront_policies as policies
from .base import Refusal, Service, World

PAGE = 100


class Parts(Service):
    """The parts of CloudFront's API that are not about distributions."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.access_controls: dict[str, dict[str, Any]] = {}
        self.key_groups: dict[str, dict[str, Any]] = {}
        self.certificates: dict[str, list[str]] = {}  # ACM's ARN -> the names it covers

    def new_id(self) -> str:
        """A new id as CloudFront draws them; also the shape of an ETag."""
        return "E" + self.world.token(13)

    def get_cache_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["Id"] not in policies.CACHE:
            raise Refusal("NoSuchCachePolicy", "The specified cache policy does not exist.", 404)
        return {"CachePolicy": policies.cache_policy(params["Id"]), "ETag": "E23ZP02F085DFQ"}

    def list_cache_policies(self, params: dict[str, Any]) -> dict[str, Any]:
        ids = [] if params.get("Type") == "custom" else list(policies.CACHE)
        items = [{"Type": "managed", "CachePolicy": policies.cache_policy(each)} for each in ids]
        return {"CachePolicyList": {"MaxItems": PAGE, "Quantity": len(items), "Items": items}}

    def get_response_headers_policy(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["Id"] not in policies.RESPONSE_HEADERS:
            raise Refusal(
                "NoSuchResponseHeadersPolicy", "The specified response headers policy does not exist.", 404
            )
        shown = policies.response_headers_policy(params["Id"])
        return {"ResponseHeadersPolicy": shown, "ETag": "E23ZP02F085DFQ"}

    def create_origin_access_control(self, params: dict[str, Any]) -> dict[str, Any]:
        config = params["OriginAccessControlConfig"]
        if any(known["Name"] == config["Name"] for known in self.access_controls.values()):
            raise Refusal(
                "OriginAccessControlAlreadyExists", "An origin access control with this name exists.", 409
            )
        new_id = self.new_id()
        self.access_controls[new_id] = config
        return self.get_origin_access_control({"Id": new_id})

    def get_origin_access_control(self, params: dict[str, Any]) -> dict[str, Any]:
        config = self.access_controls.get(params["Id"])
        if config is None:
            raise Refusal("NoSuchOriginAccessControl", "The origin access control does not exist.", 404)
        shown = {"Id": params["Id"], "OriginAccessControlConfig": config}
        return {"OriginAccessControl": shown, "ETag": "E23ZP02F085DFQ"}

    def list_origin_access_controls(self, params: dict[str, Any]) -> dict[str, Any]:
        items = [{"Id": each, "Description": "", **config} for each, config in self.access_controls.items()]
        return {
            "OriginAccessControlList": {
                "Marker": "",
                "MaxItems": PAGE,
                "IsTruncated": False,
                "Quantity": len(items),
                "Items": items,
            }
        }

    def get_key_group(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["Id"] not in self.key_groups:
            raise Refusal("NoSuchResource", "The specified key group does not exist.", 404)
        return {"KeyGroup": self.key_groups[params["Id"]], "ETag": "E23ZP02F085DFQ"}

    def list_key_groups(self, params: dict[str, Any]) -> dict[str, Any]:
        items = [{"KeyGroup": group} for group in self.key_groups.values()]
        return {"KeyGroupList": {"MaxItems": PAGE, "Quantity": len(items), "Items": items}}
