"""Secrets Manager: versions with their stages, and what MediaPackage notices of a rotation."""

from __future__ import annotations

import pytest

from emulator.server import Handle
from tests.emulator.clients import ClientFactory, Refused, change_distribution
from tests.emulator.stack import Stack, make_stack

NOT_THERE = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:none-abcdef"


@pytest.fixture
def stack(aws: Handle, client: ClientFactory) -> Stack:
    return make_stack(aws, client)


def close(stack: Stack, value: str) -> str:
    """An endpoint with CDN authorization, and CloudFront sends the value to it; returns its URL."""
    arn = stack.aws.control.console("mediapackage", "put_secret", value=value)["arn"]
    role = "arn:aws:iam::111122223333:role/Secrets"
    endpoint = stack.client("mediapackage").create_origin_endpoint(
        Id="closed",
        ChannelId=stack.package_id,
        HlsPackage={},
        Authorization={"CdnIdentifierSecret": arn, "SecretsRoleArn": role},
    )
    cloudfront = stack.client("cloudfront")
    config = cloudfront.get_distribution_config(Id=stack.distribution_id)["DistributionConfig"]
    (origin,) = config["Origins"]["Items"]
    header = {"HeaderName": "X-MediaPackage-CDNIdentifier", "HeaderValue": value}
    origin["CustomHeaders"] = {"Quantity": 1, "Items": [header]}
    change_distribution(cloudfront, stack.distribution_id, Origins={"Quantity": 1, "Items": [origin]})
    return str(endpoint["Url"])


def put(stack: Stack, text: str, arn: str | None = None) -> str:
    return str(stack.aws.control.console("secretsmanager", "put_secret", text=text, arn=arn)["arn"])


def test_a_secret_has_its_present_version_and_the_one_before(stack: Stack) -> None:
    arn = put(stack, "first")
    client = stack.client("secretsmanager")
    first = client.get_secret_value(SecretId=arn)
    assert (first["SecretString"], first["VersionStages"]) == ("first", ["AWSCURRENT"])
    put(stack, "second", arn)
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "second"
    before = client.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
    assert (before["SecretString"], before["VersionId"]) == ("first", first["VersionId"])
    put(stack, "third", arn)
    by_id = client.get_secret_value(SecretId=arn, VersionId=first["VersionId"])
    assert (by_id["SecretString"], "VersionStages" in by_id) == ("first", False)


@pytest.mark.parametrize("missing", [{"SecretId": NOT_THERE}, {"VersionStage": "AWSPREVIOUS"}])
def test_what_is_not_there_is_refused(stack: Stack, missing: dict[str, str]) -> None:
    given = {"SecretId": put(stack, "first"), **missing}
    with Refused("ResourceNotFoundException", 400):
        stack.client("secretsmanager").get_secret_value(**given)


def test_mediapackage_notices_a_rotation_after_ten_minutes(stack: Stack) -> None:
    stack.start()
    url = close(stack, "first")
    arn = stack.client("mediapackage").describe_origin_endpoint(Id="closed")["Authorization"]
    assert ask(stack, url, "first") == 200
    stack.aws.control.scale(1)
    stack.aws.control.console("mediapackage", "put_secret", arn=arn["CdnIdentifierSecret"], value="second")
    assert (ask(stack, url, "first"), ask(stack, url, "second")) == (200, 403)
    stack.aws.control.advance(601)
    assert (ask(stack, url, "first"), ask(stack, url, "second")) == (200, 200)


def ask(stack: Stack, url: str, value: str) -> int:
    return int(stack.aws.control.play(url, headers={"X-MediaPackage-CDNIdentifier": value})[0])


def test_the_call_log_hides_the_values_of_origin_headers(stack: Stack) -> None:
    close(stack, "first-value-of-the-header")
    assert "first-value-of-the-header" not in str(stack.aws.control.calls(operation="cloudfront:*"))
