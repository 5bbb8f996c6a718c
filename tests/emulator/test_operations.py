"""The emulator has exactly the operations that the product calls, and a few that it does not call yet."""

from __future__ import annotations

import pytest
from botocore import xform_name

from emulator import codec
from emulator.server import EmbeddedAws
from streamhub.aws.iam_actions import ACTIONS

# What a person sees in the console of an AWS service and the product does not show yet.
NOT_CALLED_YET: dict[str, set[str]] = {}

SERVICES = (
    "acm",
    "cloudfront",
    "cloudwatch",
    "iam",
    "medialive",
    "mediapackage",
    "pricing",
    "route53",
    "secretsmanager",
    "service-quotas",
    "sts",
)  # S3 is moto's


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_exactly_the_operations_that_the_product_calls(service: str) -> None:
    model = codec.load(service)
    assert model is not None
    names = [codec.boto_name(model.operation_model(name)) for name in model.operation_names]
    offered = {name for name in names if hasattr(EmbeddedAws().world.services[service], xform_name(name))}
    called = {name.partition(":")[2] for name in ACTIONS if name.startswith(f"{service}:")}
    assert not called & NOT_CALLED_YET.get(service, set())
    assert offered == called | NOT_CALLED_YET.get(service, set())


def test_every_service_that_the_product_calls_is_tested() -> None:
    assert {name.partition(":")[0] for name in ACTIONS} == {*SERVICES, "s3"}
