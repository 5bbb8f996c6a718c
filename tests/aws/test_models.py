"""The product's requests are held to botocore's models, in every test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from streamhub.aws.medialive import MediaLive
from streamhub.aws.session import AwsSession
from tests.aws.stubs import meta
from tests.scenarios import models


@pytest.mark.parametrize(
    ("kind", "noted"),
    [
        ("RTMP_PUSH", []),
        (
            "CARRIER_PIGEON",
            ["'CARRIER_PIGEON' at 'type' failed to satisfy constraint: Member must satisfy enum"],
        ),
    ],
    ids=["inside", "outside"],
)
def test_a_request_outside_of_its_model_is_noted(
    session: AwsSession, stub: Callable[..., Stubber], kind: str, noted: list[str]
) -> None:
    answer = {"Input": {"Id": "1", "Arn": "arn", "State": "CREATING", "Type": "RTMP_PUSH"}, **meta()}
    stub("medialive").add_response("create_input", answer)
    MediaLive(session).create_input("token", "name", kind, tags={})
    assert len(models.found) == len(noted)
    assert all(part in line for part, line in zip(noted, models.found, strict=True))
    models.found.clear()
