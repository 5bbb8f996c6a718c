"""The rules for a distribution's configuration (AWS_RULES 8 to 11), tested with boto3."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.server import Handle
from tests.emulator.clients import Refused, change_distribution, distribution_config, make_distribution

from .signer import Signer

ORIGIN = distribution_config()["Origins"]["Items"][0]
BEHAVIOUR = distribution_config()["DefaultCacheBehavior"]


def origins(*items: dict[str, Any]) -> dict[str, Any]:
    return {"Origins": {"Quantity": len(items), "Items": list(items)}}


def behaviour(**changes: Any) -> dict[str, Any]:
    return {"DefaultCacheBehavior": {**BEHAVIOUR, **changes}}


def custom_origin(**changes: Any) -> dict[str, Any]:
    return origins({**ORIGIN, "CustomOriginConfig": {**ORIGIN["CustomOriginConfig"], **changes}})


LEGACY = {key: value for key, value in BEHAVIOUR.items() if key != "CachePolicyId"}
FORWARDED = {"QueryString": False, "Cookies": {"Forward": "none"}}


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"Aliases": {"Quantity": 2, "Items": ["a.example.com"]}}, "InconsistentQuantities", 400),
        ({"Origins": {"Quantity": 2, "Items": [ORIGIN]}}, "InconsistentQuantities", 400),
        (origins(ORIGIN, ORIGIN), "InvalidArgument", 400),
        (origins({**ORIGIN, "DomainName": "https://abc.example.com"}), "InvalidArgument", 400),
        (origins({**ORIGIN, "OriginPath": "out/"}), "InvalidArgument", 400),
        (origins({"Id": "live", "DomainName": "abc.example.com"}), "InvalidOrigin", 400),
        (origins({**ORIGIN, "OriginAccessControlId": "E0NOSUCH"}), "InvalidOriginAccessControl", 400),
        (origins({**ORIGIN, "ConnectionAttempts": 4}), "InvalidArgument", 400),
        (origins({**ORIGIN, "ConnectionTimeout": 0}), "InvalidArgument", 400),
        (origins({**ORIGIN, "OriginShield": {"Enabled": True}}), "InvalidArgument", 400),
        (custom_origin(OriginReadTimeout=121), "InvalidOriginReadTimeout", 400),
        (custom_origin(OriginKeepaliveTimeout=0), "InvalidOriginKeepaliveTimeout", 400),
        (behaviour(TargetOriginId="nowhere"), "NoSuchOrigin", 404),
        (behaviour(CachePolicyId="no-such-policy"), "NoSuchCachePolicy", 404),
        (behaviour(OriginRequestPolicyId="no-such-policy"), "NoSuchOriginRequestPolicy", 404),
        (behaviour(ResponseHeadersPolicyId="no-such-policy"), "NoSuchResponseHeadersPolicy", 404),
        (behaviour(MinTTL=1), "InvalidArgument", 400),
        ({"DefaultCacheBehavior": LEGACY}, "InvalidArgument", 400),
        (
            {"DefaultCacheBehavior": {**LEGACY, "ForwardedValues": FORWARDED, "MinTTL": 9, "MaxTTL": 1}},
            "InvalidTTLOrder",
            400,
        ),
        (
            behaviour(TrustedKeyGroups={"Enabled": True, "Quantity": 1, "Items": ["none"]}),
            "TrustedKeyGroupDoesNotExist",
            400,
        ),
        ({"PriceClass": "PriceClass_Cheap"}, "MalformedXML", 400),
        ({"HttpVersion": "http4"}, "MalformedXML", 400),
        (behaviour(ViewerProtocolPolicy="http-only"), "MalformedXML", 400),
        ({"Comment": "x" * 129}, "InvalidArgument", 400),
        ({"CustomErrorResponses": {"Quantity": 1, "Items": [{"ErrorCode": 418}]}}, "InvalidErrorCode", 400),
        ({"Aliases": {"Quantity": 1, "Items": ["a.example.com"]}}, "InvalidViewerCertificate", 400),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_configuration_that_breaks_a_rule_is_refused_and_counted(
    aws: Handle, cloudfront: Any, changes: dict[str, Any], code: str, status: int
) -> None:
    with Refused(code, status):
        make_distribution(cloudfront, **changes)
    assert aws.control.counts()["illegal"] == {"cloudfront:CreateDistributionWithTags": 1}
    assert aws.world.services["cloudfront"].inventory()["distributions"] == []


def with_alias(arn: str, *names: str) -> dict[str, Any]:
    return {
        "Aliases": {"Quantity": len(names), "Items": list(names)},
        "ViewerCertificate": {
            "ACMCertificateArn": arn,
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
    }


def test_an_alias_needs_a_certificate_in_us_east_1_that_covers_it(aws: Handle, cloudfront: Any) -> None:
    arn = aws.control.console("cloudfront", "import_certificate", names=["*.example.com"])["Arn"]
    make_distribution(cloudfront, **with_alias(arn, "live.example.com"))
    with Refused("InvalidViewerCertificate", 400):
        make_distribution(cloudfront, **with_alias(arn, "live.elsewhere.com"))
    with Refused("InvalidViewerCertificate", 400):
        make_distribution(cloudfront, **with_alias(arn.replace("us-east-1", "eu-west-1"), "b.example.com"))


def test_an_alias_belongs_to_one_distribution_until_it_is_removed(aws: Handle, cloudfront: Any) -> None:
    arn = aws.control.console("cloudfront", "import_certificate", names=["*.example.com"])["Arn"]
    first = make_distribution(cloudfront, **with_alias(arn, "live.example.com"))["Distribution"]["Id"]
    with Refused("CNAMEAlreadyExists", 409):
        make_distribution(cloudfront, **with_alias(arn, "live.example.com"))
    change_distribution(cloudfront, first, Comment="keeps its own alias")
    change_distribution(cloudfront, first, Aliases={"Quantity": 0})
    make_distribution(cloudfront, **with_alias(arn, "live.example.com"))


def test_origin_access_control_works_for_s3_but_not_for_mediapackage_v1(aws: Handle, cloudfront: Any) -> None:
    aws.control.console("cloudfront", "create_mediamanager", Id="E0", recording_bucket="a", media_bucket="b")
    control = aws.control.inventory()["cloudfront"]["origin_access_controls"][0]["Id"]
    with Refused("InvalidDomainNameForOriginAccessControl", 400):
        make_distribution(cloudfront, **origins({**ORIGIN, "OriginAccessControlId": control}))
    bucket = {
        "Id": "live",
        "DomainName": "recordings.s3.eu-central-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginAccessControlId": control,
    }
    make_distribution(cloudfront, **origins(bucket))


def test_a_trusted_key_group_that_exists_is_accepted(aws: Handle, cloudfront: Any) -> None:
    group = Signer(aws).group_id
    make_distribution(
        cloudfront, **behaviour(TrustedKeyGroups={"Enabled": True, "Quantity": 1, "Items": [group]})
    )
