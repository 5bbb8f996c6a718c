"""AWS's price list as a file: the offer file of a service ("Reading the service price list files").

Its shape: `products` {sku: {attributes: {usagetype, operation, regionCode}}} and `terms` {OnDemand: {sku:
{code: {effectiveDate, priceDimensions: {code: {unit, description, beginRange, endRange, pricePerUnit:
{USD}}}}}}}. Only what StreamHub uses is read. Functions of values: no query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.pricing.book import Tier, tiers_of
from billing.pricing.catalogue import PRICE_REGIONS, Service, Usage, known
from streamhub.errors import Invalid

CURRENCY = "USD"
MOST_BYTES = 256 * 2**20
_IDLE = ("INACTIVE_CHANNEL", "INACTIVE_INPUT")
_REGION_PREFIX = re.compile(r"^[A-Z]{2,4}[0-9]?-")
_ENCODER_REGION = re.compile(r"^(EML[12])-[A-Z]{2,4}[0-9]?-")
# "first 10 TB", "next 4 PB": how a step is named beside the quantities at which it begins and ends.
_STEP = re.compile(r"\b(?:first|next) ([0-9][0-9,]*) ?(TB|PB)\b", re.IGNORECASE)
_STEP_GB = {"TB": 1024, "PB": 1024 * 1024}


@dataclass(frozen=True)
class Offered:
    """One version of a rate, as a price list has it."""

    usage: Usage
    region: str
    tiers: tuple[Tier, ...]
    valid_from: datetime
    source: str


def read(text: str | bytes) -> list[Offered]:
    """The rates of an offer file that StreamHub uses. Raises Invalid with `file` and what to do."""
    if len(text) > MOST_BYTES:
        raise _wrong(f"The file is larger than {MOST_BYTES // 2**20} MiB. Take the file of one region.")
    try:
        document = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise _wrong("This is not JSON. Take the file index.json of one service.") from None
    return offered(document)


def offered(document: Any) -> list[Offered]:
    """The rates of an offer file's document that StreamHub uses. Raises Invalid with `file`."""
    try:
        found = list(_offered(document))
    except (AttributeError, InvalidOperation, KeyError, TypeError) as error:
        raise _wrong(
            f"This is not AWS's price list: {error} is not where it should be. Take the file index.json"
            " of one service, not the index of all services and not the CSV file."
        ) from None
    if not found:
        services = ", ".join(Service)
        raise _wrong(f"Nothing in it is used by StreamHub. Take the price list of one of {services}.")
    return found


def without_contradictions(rates: Iterable[Offered]) -> tuple[list[Offered], list[str]]:
    """One of each rate, and the names of those that are left out: the list has two prices for one beginning.

    Neither can be known as the right one, and each import would have the other in force.
    """
    by_beginning: dict[tuple[Usage, str, datetime], list[Offered]] = {}
    for rate in rates:
        by_beginning.setdefault((rate.usage, rate.region, rate.valid_from), []).append(rate)
    clear, unclear = [], []
    for same in by_beginning.values():
        if all(rate.tiers == same[0].tiers for rate in same):
            clear.append(same[0])
        else:
            unclear.append(f"{same[0].usage.usage_type} ({same[0].region})")
    return clear, unclear


def of_products(service: str, products: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The documents of GetProducts as one offer file, which `offered` reads."""
    found: dict[str, Any] = {"offerCode": service, "publicationDate": "", "products": {}, "terms": {}}
    terms = found["terms"]["OnDemand"] = {}
    for each in products:
        sku = each["product"]["sku"]
        found["publicationDate"] = max(found["publicationDate"], str(each.get("publicationDate", "")))
        found["products"][sku] = each["product"]
        terms[sku] = each.get("terms", {}).get("OnDemand", {})
    return found


def _offered(document: Any) -> Iterator[Offered]:
    service, products, terms = document["offerCode"], document["products"], document["terms"]["OnDemand"]
    source = f"AWS's price list of {service}, published {str(document['publicationDate'])[:10]}"
    for sku, offers in terms.items():
        attributes = products.get(sku, {}).get("attributes", {})
        found = _usage(service, attributes)
        if found is None:
            continue
        for offer in offers.values():
            tiers = _tiers(sku, found[0], offer["priceDimensions"].values())
            yield Offered(*found, tiers, _moment(sku, offer["effectiveDate"]), source)


def _usage(service: str, attributes: dict[str, str]) -> tuple[Usage, str] | None:
    """The kind of usage and its region; None: StreamHub does not use it."""
    name, operation = attributes.get("usagetype", ""), attributes.get("operation", "")
    if service == Service.CLOUDFRONT:
        region, _dash, name = name.partition("-")
        usage = known(service, name)
        return (usage, region) if usage and region in PRICE_REGIONS else None
    if service == Service.MEDIALIVE and operation in _IDLE:
        name = operation
    elif service == Service.MEDIALIVE:
        name = _ENCODER_REGION.sub(r"\1-", name)
    elif not known(service, name):
        name = _REGION_PREFIX.sub("", name)
    usage, region = known(service, name), attributes.get("regionCode", "")
    return (usage, region) if usage and region else None


def _tiers(sku: str, usage: Usage, dimensions: Iterable[dict[str, Any]]) -> tuple[Tier, ...]:
    rows = sorted(dimensions, key=lambda row: Decimal(row["beginRange"]))
    for row in rows:
        if row["unit"] != usage.unit:
            raise _wrong(
                f"{sku} ({usage.title}) is priced by {row['unit']}, and StreamHub counts {usage.unit}."
                " Nothing was imported."
            )
        _prove_gb(sku, row)
    ends = [row["endRange"] for row in rows]
    begins = [row["beginRange"] for row in rows[1:]] + ["Inf"]
    if any(Decimal(end) != Decimal(begin) for end, begin in zip(ends, begins, strict=True)):
        raise _wrong(f"{sku} ({usage.title}): its tiers do not follow each other. Nothing was imported.")
    try:
        return tiers_of([[str(row["beginRange"]), str(row["pricePerUnit"][CURRENCY])] for row in rows])
    except ValueError as error:
        raise _wrong(f"{sku} ({usage.title}): {error} Nothing was imported.") from None


def _prove_gb(sku: str, row: dict[str, Any]) -> None:
    """Compare a step's name ("first 10 TB") with its quantities: a TB has 1,024 GB.

    Raises Invalid if a list counts otherwise: then its GB is not 2^30 bytes, and every price would be wrong.
    """
    named = _STEP.search(row.get("description", ""))
    if named is None or row["endRange"] == "Inf" or not row["unit"].startswith("GB"):
        return
    wanted = int(named[1].replace(",", "")) * _STEP_GB[named[2].upper()]
    listed = Decimal(row["endRange"]) - Decimal(row["beginRange"])
    if listed != wanted:
        raise _wrong(
            f"{sku}: the list calls {listed:,} GB {named[0]!r}, and StreamHub counts {wanted:,} GB there (a"
            " GB of 2^30 bytes, a TB of 1,024 GB). Nothing was imported; see docs/billing.md."
        )


def _moment(sku: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(f"{sku}: {text!r} is not a time. Nothing was imported.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _wrong(sentence: str) -> Invalid:
    return Invalid({"file": sentence})
