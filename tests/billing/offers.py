"""Offer files in the shape of AWS's price list, made for tests."""

from __future__ import annotations

import json
from typing import Any

Tiers = list[tuple[str, str, str, str]]  # description, from, to, price

TRANSFER: Tiers = [
    ("$0.085 per GB - first 10 TB / month data transfer out (Europe)", "0", "10240", "0.0850000000"),
    ("$0.080 per GB - next 40 TB / month data transfer out (Europe)", "10240", "51200", "0.0800000000"),
    ("$0.060 per GB - over 50 TB / month data transfer out (Europe)", "51200", "Inf", "0.0600000000"),
]


def product(usage_type: str, operation: str = "", region: str = "eu-central-1") -> dict[str, Any]:
    return {"attributes": {"usagetype": usage_type, "operation": operation, "regionCode": region}}


def offer(unit: str, tiers: Tiers, effective: str = "2026-11-01T00:00:00Z") -> dict[str, Any]:
    dimensions = {
        f"D{n}": {
            "unit": unit,
            "description": description,
            "beginRange": start,
            "endRange": end,
            "pricePerUnit": {"USD": price},
            "appliesTo": [],
        }
        for n, (description, start, end, price) in enumerate(tiers)
    }
    return {"OFFER": {"effectiveDate": effective, "priceDimensions": dimensions, "termAttributes": {}}}


def flat(unit: str, price: str, effective: str = "2026-11-01T00:00:00Z") -> dict[str, Any]:
    return offer(unit, [(f"${price} per {unit}", "0", "Inf", price)], effective)


def document(service: str, products: dict[str, Any], terms: dict[str, Any]) -> str:
    return json.dumps(
        {
            "formatVersion": "v1.0",
            "offerCode": service,
            "version": "20261101000000",
            "publicationDate": "2026-11-02T09:00:00Z",
            "products": products,
            "terms": {"OnDemand": terms},
        }
    )


def medialive() -> str:
    return document(
        "AWSElementalMediaLive",
        {
            "IN": product("EML1-EUC1-IN-AVC-HD-L20", "CHANNEL_INPUT"),
            "OUT": product("EML1-EUC1-OUT-AVC-HD-L10-30-S", "CHANNEL_OUTPUT"),
            "RESERVED": product("EML1-EUC1-IN-AVC-HD-L20-R", "CHANNEL_INPUT"),
            "IDLE": product("EML-EUC1-IDLE", "INACTIVE_CHANNEL"),
            "HEVC": product("EML1-EUC1-IN-HEVC-HD-L20", "CHANNEL_INPUT"),
        },
        {
            "IN": flat("Hrs", "0.2010000000"),
            "OUT": flat("Hrs", "0.4800000000"),
            "RESERVED": flat("Hrs", "0.0100000000"),
            "IDLE": flat("Hrs", "0.0110000000"),
            "HEVC": flat("Hrs", "0.9000000000"),
        },
    )


def cloudfront(tiers: Tiers | None = None, effective: str = "2026-11-01T00:00:00Z") -> str:
    return document(
        "AmazonCloudFront",
        {"DATA": product("EU-DataTransfer-Out-Bytes"), "ORIGIN": product("EU-DataTransfer-Out-OBytes")},
        {"DATA": offer("GB", tiers or TRANSFER, effective), "ORIGIN": flat("GB", "0.0200000000")},
    )


def as_products(text: str, family: str = "") -> list[dict[str, Any]]:
    """An offer file as the documents of GetProducts."""
    offer_file = json.loads(text)
    return [
        {
            "serviceCode": offer_file["offerCode"],
            "publicationDate": offer_file["publicationDate"],
            "product": {"sku": sku, "productFamily": family, **product},
            "terms": {"OnDemand": offer_file["terms"]["OnDemand"][sku]},
        }
        for sku, product in offer_file["products"].items()
    ]
