"""The policy allows reading the secrets that settings name, and only those."""

from __future__ import annotations

from typing import Any

from streamhub.management.commands.iam_policy import policy, secrets_read

MEDIALIVE = "arn:aws:iam::111122223333:role/MediaLive"
SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:cdn-AbCdEf"
ROLE = "arn:aws:iam::111122223333:role/MediaPackageSecrets"


def about(action: str, document: dict[str, list[dict[str, object]]]) -> list[object]:
    """The resources of the statements that allow an action."""
    return [each["Resource"] for each in document["Statement"] if action in each["Action"]]  # type: ignore[operator]


def test_without_a_closed_origin_no_secret_can_be_read() -> None:
    document = policy(MEDIALIVE, [])
    assert about("secretsmanager:GetSecretValue", document) == []
    assert about("iam:PassRole", document) == [MEDIALIVE]


def test_a_closed_origin_needs_one_secret_and_its_role() -> None:
    document = policy(MEDIALIVE, [], [SECRET], ROLE)
    assert about("secretsmanager:GetSecretValue", document) == [[SECRET]]
    assert about("iam:PassRole", document) == [MEDIALIVE, ROLE]
    (passing,) = [each for each in document["Statement"] if each["Resource"] == ROLE]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "mediapackage.amazonaws.com"}}


def test_the_secrets_of_the_keys_that_sign_can_be_read_and_a_key_itself_is_no_secret(settings: Any) -> None:
    settings.MEDIAPACKAGE_CDN_SECRET_ARN = SECRET
    settings.CLOUDFRONT_PRIVATE_KEY = f"{SECRET}-key"
    settings.CLOUDFRONT_PRIVATE_KEY_NEXT = "-----BEGIN PRIVATE KEY-----"
    assert secrets_read() == [SECRET, f"{SECRET}-key"]
    settings.MEDIAPACKAGE_CDN_SECRET_ARN = ""
    settings.CLOUDFRONT_PRIVATE_KEY = ""
    assert secrets_read() == []
