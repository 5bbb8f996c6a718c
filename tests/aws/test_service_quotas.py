"""The quotas of an account, from Service Quotas' two lists and from the embedded AWS."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from streamhub.aws.service_quotas import QuotaValue, ServiceQuotas
from streamhub.aws.session import AwsSession
from streamhub.errors import AccessDenied, Refused, Retryable, Throttled
from tests.scenarios.world import WorldUnderTest

Stub = Callable[..., Stubber]
ASKED = {"ServiceCode": "medialive", "MaxResults": 100}


def shown(code: str, name: str, value: float) -> dict[str, object]:
    return {"QuotaCode": code, "QuotaName": name, "Value": value}


def test_applied_values_are_read_page_by_page(session: AwsSession, stub: Stub) -> None:
    stubber = stub("service-quotas", "eu-west-1")
    first = {"Quotas": [shown("L-1", "Channels", 20.0)], "NextToken": "t"}
    stubber.add_response("list_service_quotas", first, ASKED)
    stubber.add_response(
        "list_service_quotas", {"Quotas": [shown("L-2", "Push Inputs", 7.0)]}, ASKED | {"NextToken": "t"}
    )
    assert ServiceQuotas(session, "eu-west-1").applied("medialive") == [
        QuotaValue("L-1", "Channels", 20),
        QuotaValue("L-2", "Push Inputs", 7),
    ]


def test_a_quota_whose_value_aws_could_not_read_is_left_out(session: AwsSession, stub: Stub) -> None:
    unread = {
        "QuotaCode": "L-1",
        "QuotaName": "Channels",
        "ErrorReason": {"ErrorCode": "DEPENDENCY_SERVICE_ERROR"},
    }
    stub("service-quotas").add_response("list_aws_default_service_quotas", {"Quotas": [unread]}, ASKED)
    assert ServiceQuotas(session, session.target.region).defaults("medialive") == []


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDeniedException", 400, AccessDenied),
        ("TooManyRequestsException", 400, Throttled),
        ("ServiceException", 500, Retryable),
        ("NoSuchResourceException", 400, Refused),
    ],
)
def test_its_errors_are_told_apart(
    session: AwsSession, stub: Stub, code: str, status: int, kind: type[Exception]
) -> None:
    stub("service-quotas").add_client_error("list_service_quotas", code, "no", status)
    with pytest.raises(kind):
        ServiceQuotas(session, session.target.region).applied("medialive")


@pytest.mark.django_db
def test_the_embedded_aws_answers_with_what_it_enforces(world: WorldUnderTest) -> None:
    world.control.console("medialive", "set_quota", channels=7)
    regional = ServiceQuotas(world.session, world.session.target.region)
    assert QuotaValue("L-D1AFAF75", "Channels", 7) in regional.applied("medialive")
    assert QuotaValue("L-D1AFAF75", "Channels", 5) in regional.defaults("medialive")
    # Never raised: AWS has only its default.
    assert regional.applied("mediapackage") == []
    assert regional.defaults("mediapackage")[0] == QuotaValue("L-352B8598", "Channels", 30)


@pytest.mark.django_db
def test_cloudfronts_quotas_are_in_one_region_only(world: WorldUnderTest) -> None:
    world.control.console("cloudfront", "set_quota", distributions=20)
    (distributions,) = ServiceQuotas(world.session, "us-east-1").applied("cloudfront")
    assert distributions.value == 20
    with pytest.raises(Refused, match="eu-central-1"):
        ServiceQuotas(world.session, "eu-central-1").applied("cloudfront")
