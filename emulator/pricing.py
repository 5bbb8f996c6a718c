"""The Price List Query API, with what somebody has put there: AWS's prices are not emulated.

It is in us-east-1 only here. Page: "GetProducts" in the Price List API reference.
"""

from __future__ import annotations

import json
from typing import Any

from .base import Refusal, Service, World

Params = dict[str, Any]
REGION = "us-east-1"
MOST = 100  # products a page


class Pricing(Service):
    """Products by service. There are none at first."""

    name = "pricing"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.products: list[Params] = []

    def get_products(self, params: Params) -> Params:
        """The products that have all wanted attributes, in pages."""
        if (self.world.calling_region or self.world.region) != REGION:
            raise Refusal("NotFoundException", "The Price List API is not in this region.")
        wanted = {each["Field"]: each["Value"] for each in params.get("Filters") or []}
        found = [each for each in self.products if _fits(each, params["ServiceCode"], wanted)]
        token, size = str(params.get("NextToken") or "0"), int(params.get("MaxResults") or MOST)
        if not token.isdigit() or int(token) > len(found):
            raise Refusal("InvalidNextTokenException", "The pagination token is not valid.")
        start = int(token)
        page: Params = {
            "FormatVersion": "aws_v1",
            "PriceList": [json.dumps(each) for each in found[start : start + size]],
        }
        if start + size < len(found):
            page["NextToken"] = str(start + size)
        return page

    def console(self, action: str, params: Params) -> Params:
        """`put_products`: the whole list, as GetProducts' documents ({"products": […]})."""
        if action != "put_products":
            return super().console(action, params)
        self.products = list(params["products"])
        return {"products": len(self.products)}

    def inventory(self) -> dict[str, list[Params]]:
        return {}


def _fits(product: Params, service: str, wanted: dict[str, str]) -> bool:
    named = product["product"]
    attributes = {**named.get("attributes", {}), "productFamily": named.get("productFamily")}
    return product["serviceCode"] == service and all(
        attributes.get(name) == value for name, value in wanted.items()
    )
