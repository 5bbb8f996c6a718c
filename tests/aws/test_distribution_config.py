"""The configuration of our distributions, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from streamhub.aws.distribution_config import DistributionSpec, distribution_config
from streamhub.errors import Refused
from tests.aws.specs import SPEC

VARIANTS = [
    SPEC,
    replace(SPEC, key_group_id="group"),
    replace(SPEC, response_headers_policy_id=None),
    replace(SPEC, enabled=False),
]


def quantities(node: Any) -> Iterator[dict[str, Any]]:
    """Every part that counts its items."""
    if isinstance(node, dict):
        if "Quantity" in node:
            yield node
        for value in node.values():
            yield from quantities(value)
    elif isinstance(node, list):
        for value in node:
            yield from quantities(value)


@pytest.mark.parametrize("spec", VARIANTS)
def test_botocores_model_accepts_it(spec: DistributionSpec) -> None:
    model = botocore.session.get_session().get_service_model("cloudfront")
    report = ParamValidator().validate(distribution_config(spec), model.shape_for("DistributionConfig"))
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("spec", VARIANTS)
def test_every_quantity_is_the_number_of_items(spec: DistributionSpec) -> None:
    parts = list(quantities(distribution_config(spec)))
    assert len(parts) >= 10
    assert all(part["Quantity"] == len(part.get("Items", [])) for part in parts)


def test_the_origin_is_the_endpoints_host_over_tls_with_the_viewers_own_path() -> None:
    config = distribution_config(SPEC)
    (origin,) = config["Origins"]["Items"]
    assert origin["DomainName"] == "abc123.mediapackage.eu-central-1.amazonaws.com"
    assert origin["OriginPath"] == ""
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origin["CustomOriginConfig"]["OriginSslProtocols"]["Items"] == ["TLSv1.2"]
    assert config["DefaultCacheBehavior"]["TargetOriginId"] == origin["Id"]


def test_the_cache_follows_mediapackage() -> None:
    behavior = distribution_config(SPEC)["DefaultCacheBehavior"]
    assert behavior["CachePolicyId"] == "08627262-05a9-4f76-9ded-b50ca2e3a84f"
    assert "ForwardedValues" not in behavior
    assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
    assert behavior["AllowedMethods"]["Items"] == ["GET", "HEAD", "OPTIONS"]
    assert behavior["Compress"]


def test_errors_are_cached_for_one_second() -> None:
    errors = distribution_config(SPEC)["CustomErrorResponses"]["Items"]
    assert {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in errors} == dict.fromkeys(
        [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504], 1
    )


def test_a_key_group_protects_the_stream() -> None:
    trusted = distribution_config(replace(SPEC, key_group_id="group"))["DefaultCacheBehavior"][
        "TrustedKeyGroups"
    ]
    assert trusted == {"Enabled": True, "Quantity": 1, "Items": ["group"]}
    assert distribution_config(SPEC)["DefaultCacheBehavior"]["TrustedKeyGroups"] == {
        "Enabled": False,
        "Quantity": 0,
    }


def test_the_other_fields_are_those_of_the_specification() -> None:
    config = distribution_config(replace(SPEC, enabled=False))
    assert (config["CallerReference"], config["Comment"], config["PriceClass"], config["Enabled"]) == (
        "0123",
        SPEC.comment,
        "PriceClass_100",
        False,
    )
    assert config["HttpVersion"] == "http2and3"
    assert config["IsIPV6Enabled"]
    assert config["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}


@pytest.mark.parametrize("url", ["", "http://host/out/v1/x", "host/out/v1/x", "https:///out"])
def test_an_origin_without_tls_or_host_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="https://"):
        distribution_config(replace(SPEC, origin_url=url))


def test_a_comment_that_is_too_long_is_refused() -> None:
    with pytest.raises(Refused, match="128"):
        distribution_config(replace(SPEC, comment="x" * 129))
