"""Aliases that move, certificates, hosted zones, and response headers policies of the house."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from emulator.server import Handle
from tests.emulator.clients import ClientFactory, Refused, change_distribution, make_distribution

NAME = "stage.live.example.com"
ZONE = "Z0ALIAS000000"
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"


@pytest.fixture
def certificate(aws: Handle) -> str:
    return str(aws.control.console("cloudfront", "import_certificate", names=["*.live.example.com"])["Arn"])


def viewer(certificate: str, *names: str) -> dict[str, Any]:
    return {
        "Aliases": {"Quantity": len(names), "Items": list(names)},
        "ViewerCertificate": {
            "ACMCertificateArn": certificate,
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
    }


def aliases(cloudfront: Any, id: str) -> list[str]:
    config = cloudfront.get_distribution_config(Id=id)["DistributionConfig"]
    return config["Aliases"].get("Items") or []


# --- moving ----------------------------------------------------------------------------------


def test_an_alias_moves_in_one_call_from_a_disabled_distribution(cloudfront: Any, certificate: str) -> None:
    old = make_distribution(cloudfront, **viewer(certificate, NAME))
    new = make_distribution(cloudfront, **viewer(certificate))
    old_id, new_id = old["Distribution"]["Id"], new["Distribution"]["Id"]
    changed = change_distribution(cloudfront, old_id, Enabled=False)
    moved = cloudfront.update_domain_association(
        Domain=NAME, TargetResource={"DistributionId": new_id}, IfMatch=new["ETag"]
    )
    assert (moved["Domain"], moved["ResourceId"]) == (NAME, new_id)
    assert (aliases(cloudfront, old_id), aliases(cloudfront, new_id)) == ([], [NAME])
    now = cloudfront.get_distribution(Id=new_id)
    assert now["ETag"] == moved["ETag"] != new["ETag"]
    assert now["Distribution"]["Status"] == "InProgress"
    assert cloudfront.get_distribution(Id=old_id)["ETag"] != changed["ETag"]  # it was changed too


def test_a_move_that_breaks_a_rule_is_refused(cloudfront: Any, certificate: str) -> None:
    old = make_distribution(cloudfront, **viewer(certificate, NAME))["Distribution"]["Id"]
    new = make_distribution(cloudfront, **viewer(certificate))
    bare = make_distribution(cloudfront)["Distribution"]["Id"]
    target = {"DistributionId": new["Distribution"]["Id"]}
    move = cloudfront.update_domain_association
    with Refused("IllegalUpdate", 400):
        move(Domain=NAME, TargetResource=target)  # the source is enabled
    change_distribution(cloudfront, old, Enabled=False)
    with Refused("PreconditionFailed", 412):
        move(Domain=NAME, TargetResource=target, IfMatch="E000000000000")
    with Refused("InvalidArgument", 400):
        move(Domain=NAME, TargetResource={"DistributionId": bare})  # without a certificate
    with Refused("EntityNotFound", 404):
        move(Domain="other.live.example.com", TargetResource=target)
    with Refused("EntityNotFound", 404):
        move(Domain=NAME, TargetResource={"DistributionId": "E0NONE0000000"})
    assert aliases(cloudfront, old) == [NAME]


# --- certificates ----------------------------------------------------------------------------


def test_a_certificate_is_of_us_east_1(aws: Handle, client: ClientFactory, certificate: str) -> None:
    session: Any = boto3.session.Session()
    acm = session.client(
        "acm",
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    found = acm.describe_certificate(CertificateArn=certificate)["Certificate"]
    assert (found["Status"], found["SubjectAlternativeNames"]) == ("ISSUED", ["*.live.example.com"])
    aws.control.console("cloudfront", "set_certificate_status", Arn=certificate, Status="EXPIRED")
    assert acm.describe_certificate(CertificateArn=certificate)["Certificate"]["Status"] == "EXPIRED"
    with Refused("ResourceNotFoundException", 400):
        client("acm").describe_certificate(CertificateArn=certificate)  # in another region


# --- records ---------------------------------------------------------------------------------


def address(domain: str, kind: str = "A", name: str = NAME, zone: str = CLOUDFRONT_ZONE) -> dict[str, Any]:
    target = {"HostedZoneId": zone, "DNSName": domain, "EvaluateTargetHealth": False}
    return {"Name": name, "Type": kind, "AliasTarget": target}


@pytest.fixture
def route53(aws: Handle, client: ClientFactory) -> Any:
    aws.control.console("route53", "create_zone", Name="example.com", Id=ZONE)
    return client("route53")


def change(route53: Any, *changes: tuple[str, dict[str, Any]]) -> Any:
    batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
    return route53.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch={"Changes": batch})


def names(route53: Any, **start: str) -> list[tuple[str, str]]:
    found = route53.list_resource_record_sets(HostedZoneId=ZONE, **start)["ResourceRecordSets"]
    return [(each["Name"], each["Type"]) for each in found]


def test_a_batch_is_carried_out_as_a_whole_or_not_at_all(route53: Any) -> None:
    change(route53, ("CREATE", address("d1.cloudfront.net")))
    for refused in (
        ("CREATE", address("d2.cloudfront.net")),
        ("DELETE", address("d2.cloudfront.net")),
        ("DELETE", address("d1.cloudfront.net", "AAAA")),
        ("CREATE", address("d1.cloudfront.net", "AAAA", "stage.example.org")),
        ("CREATE", address("d1.cloudfront.net", "AAAA", zone="Z0OTHER")),
    ):
        with Refused("InvalidChangeBatch", 400):
            change(route53, ("CREATE", address("d3.cloudfront.net", name="other.example.com")), refused)
    assert names(route53) == [(f"{NAME}.", "A")]
    change(
        route53, ("DELETE", address("d1.cloudfront.net")), ("CREATE", address("D2.cloudfront.net."))
    )  # case and last dot do not count
    (record,) = route53.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
    assert record["AliasTarget"]["DNSName"] == "d2.cloudfront.net."


def test_records_are_listed_by_their_reversed_labels_from_a_name_on(route53: Any) -> None:
    for name in ("b.example.com", "a.z.example.com", "example.com"):
        change(route53, ("UPSERT", address("d1.cloudfront.net", name=name)))
    everything = ["example.com.", "b.example.com.", "a.z.example.com."]
    assert [name for name, _kind in names(route53)] == everything
    assert [name for name, _kind in names(route53, StartRecordName="b.example.com")] == everything[1:]
    assert route53.get_hosted_zone(Id=ZONE)["HostedZone"]["Name"] == "example.com."
    with Refused("NoSuchHostedZone", 404):
        route53.get_hosted_zone(Id="Z0NONE")


# --- policies --------------------------------------------------------------------------------


def test_a_policy_of_the_house_names_its_origins(aws: Handle, cloudfront: Any) -> None:
    id = aws.control.console("cloudfront", "create_header_policy", origins=["https://www.example.com"])["Id"]
    found = cloudfront.get_response_headers_policy(Id=id)["ResponseHeadersPolicy"]
    cors = found["ResponseHeadersPolicyConfig"]["CorsConfig"]
    assert cors["AccessControlAllowOrigins"]["Items"] == ["https://www.example.com"]
    assert cors["AccessControlAllowCredentials"]
    managed = cloudfront.get_response_headers_policy(Id="60669652-455b-4ae9-85a4-c4c02393f86c")
    cors = managed["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]["CorsConfig"]
    assert (cors["AccessControlAllowCredentials"], cors["OriginOverride"]) == (False, False)
    with Refused("NoSuchResponseHeadersPolicy", 404):
        cloudfront.get_response_headers_policy(Id="none")
