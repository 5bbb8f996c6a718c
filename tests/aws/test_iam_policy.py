"""The policy allows reading the one secret of closed origins, and only if there is one."""

from __future__ import annotations

from streamhub.management.commands.iam_policy import policy

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
    document = policy(MEDIALIVE, [], SECRET, ROLE)
    assert about("secretsmanager:GetSecretValue", document) == [SECRET]
    assert about("iam:PassRole", document) == [MEDIALIVE, ROLE]
    (passing,) = [each for each in document["Statement"] if each["Resource"] == ROLE]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "mediapackage.amazonaws.com"}}
