"""An alias domain: its certificate and its zone in AWS, the product's settings, and what a viewer gets."""

from __future__ import annotations

from typing import Any

from distributions import aliases
from distributions.models import Distribution
from tests.scenarios import stage
from tests.scenarios.world import WorldUnderTest

DOMAIN = "live.example.com"
ALIAS = f"stage.{DOMAIN}"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/6f2a1c1e-0000-4000-8000-00000000a11a"
ZONE = "Z0ALIAS000000"
SETTINGS = {
    "CLOUDFRONT_ALIAS_DOMAIN": DOMAIN,
    "CLOUDFRONT_CERTIFICATE_ARN": CERTIFICATE,
    "ROUTE53_ZONE_ID": ZONE,
}


def want(settings: Any, *, zone: bool = True) -> None:
    """The product's settings."""
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    if not zone:
        settings.ROUTE53_ZONE_ID = ""


def make(world: WorldUnderTest) -> None:
    """The certificate in ACM, and the zone in Route 53."""
    world.control.console("cloudfront", "import_certificate", names=[f"*.{DOMAIN}"], Arn=CERTIFICATE)
    world.control.console("route53", "create_zone", Name="example.com", Id=ZONE)


def records(world: WorldUnderTest, name: str = ALIAS) -> dict[str, str]:
    """What the name's records say, by their type."""
    found = {}
    for record in world.control.inventory()["route53"]["records"]:
        if record["Name"] == f"{name}.":
            values = [each["Value"] for each in record.get("ResourceRecords", [])]
            found[record["Type"]] = record.get("AliasTarget", {}).get("DNSName", "").rstrip(".") or values[0]
    return found


def set_record(world: WorldUnderTest, kind: str, domain: str, name: str = ALIAS) -> None:
    """A record that a person makes in Route 53's console."""
    target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": domain, "EvaluateTargetHealth": False}
    record = {"Name": name, "Type": kind, "AliasTarget": target}
    world.control.console("route53", "set_record", Id=ZONE, record=record)


def on_cloudfront(world: WorldUnderTest) -> dict[str, list[str]]:
    """The aliases of each distribution, by its id."""
    found = world.control.inventory()["cloudfront"]["distributions"]
    return {each["Id"]: each["Aliases"].get("Items") or [] for each in found}


def serves() -> bool:
    """The channel's distribution is deployed, and viewers reach it by its alias."""
    row = stage.channel().distribution
    return row is not None and row.state == "deployed" and row.alias_serves and aliases.has_alias(row)


def with_alias(world: WorldUnderTest) -> None:
    """An idle channel whose distribution has its alias and its record."""
    make(world)
    stage.create()
    world.settle()


def distribution_of(alias: str = ALIAS) -> Distribution:
    return Distribution.objects.get(attached=True, alias=alias)
