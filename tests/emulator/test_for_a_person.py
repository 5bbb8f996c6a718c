"""What CloudFront refuses until a person has acted: new accounts, pricing plans, staging distributions."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.server import Handle
from tests.emulator.clients import ClientFactory, Refused, distribution_config


def make(cloudfront: Any) -> tuple[str, str]:
    """A disabled and deployed distribution: its id and ETag."""
    config = {**distribution_config(), "Enabled": False}
    answer = cloudfront.create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": config, "Tags": {}}
    )
    return answer["Distribution"]["Id"], answer["ETag"]


def test_an_account_that_is_not_verified_creates_no_distribution(aws: Handle, client: ClientFactory) -> None:
    aws.control.console("cloudfront", "set_verified", verified=False)
    with Refused("AccessDenied", 403) as refusal:
        make(client("cloudfront"))
    assert "Your account must be verified" in refusal.message
    aws.control.console("cloudfront", "set_verified", verified=True)
    assert make(client("cloudfront"))


def test_a_distribution_under_a_pricing_plan_cannot_be_deleted(aws: Handle, client: ClientFactory) -> None:
    key, etag = make(client("cloudfront"))
    aws.control.advance(1000)
    aws.control.console("cloudfront", "set_pricing_plan", Id=key, plan="Pro")
    with Refused("PreconditionFailed", 412) as refusal:
        client("cloudfront").delete_distribution(Id=key, IfMatch=etag)
    assert "pricing plan" in refusal.message
    aws.control.console("cloudfront", "set_pricing_plan", Id=key)
    client("cloudfront").delete_distribution(Id=key, IfMatch=etag)
    assert sum(aws.control.counts()["illegal"].values()) == 0


@pytest.mark.parametrize("call", ["disable", "delete"])
def test_a_staging_distribution_in_use_is_neither_disabled_nor_deleted(
    aws: Handle, client: ClientFactory, call: str
) -> None:
    cloudfront = client("cloudfront")
    key, etag = make(cloudfront)
    aws.control.advance(1000)
    aws.control.console("cloudfront", "set_staging", Id=key, in_use=True)

    def attempt() -> None:
        if call == "delete":
            cloudfront.delete_distribution(Id=key, IfMatch=etag)
            return
        config = cloudfront.get_distribution_config(Id=key)["DistributionConfig"]
        cloudfront.update_distribution(Id=key, IfMatch=etag, DistributionConfig=config)

    with Refused("StagingDistributionInUse", 409):
        attempt()
    aws.control.console("cloudfront", "set_staging", Id=key, in_use=False)
    attempt()
