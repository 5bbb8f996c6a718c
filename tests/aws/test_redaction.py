"""The values of custom origin headers leave neither the configuration, nor errors, nor the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber

from streamhub.aws.cloudfront import CloudFront
from streamhub.aws.distribution_config import distribution_config
from streamhub.aws.redaction import HIDDEN, hiding, redacted
from streamhub.aws.session import AwsSession
from streamhub.errors import Refused
from streamhub.logs import logging_config
from tests.aws.specs import SPEC
from tests.aws.stubs import meta

ID = "E2QWRUHAPOMQZL"
CONFIG = distribution_config(SPEC)
VALUE = "9ceebbe7-9607-4552-8764-876e47032660"
HEADERS = {"Quantity": 1, "Items": [{"HeaderName": "X-MediaPackage-CDNIdentifier", "HeaderValue": VALUE}]}


@pytest.fixture
def cloudfront(session: AwsSession) -> CloudFront:
    return CloudFront(session)


@pytest.fixture
def stubber(stub: Callable[..., Stubber]) -> Stubber:
    return stub("cloudfront")


def with_header() -> dict[str, object]:
    (origin,) = CONFIG["Origins"]["Items"]
    return {**CONFIG, "Origins": {"Quantity": 1, "Items": [{**origin, "CustomHeaders": HEADERS}]}}


def test_the_value_is_hidden_and_the_name_stays() -> None:
    (origin,) = redacted(with_header())["Origins"]["Items"]
    assert origin["CustomHeaders"] == {
        "Quantity": 1,
        "Items": [{"HeaderName": "X-MediaPackage-CDNIdentifier", "HeaderValue": HIDDEN}],
    }
    assert origin["DomainName"] == CONFIG["Origins"]["Items"][0]["DomainName"]


def test_a_configuration_without_headers_stays_as_it_is() -> None:
    assert redacted(CONFIG) == CONFIG


def test_no_reading_of_a_configuration_has_the_value(cloudfront: CloudFront, stubber: Stubber) -> None:
    answer = {
        "Distribution": {
            "Id": ID,
            "ARN": f"arn:aws:cloudfront::111122223333:distribution/{ID}",
            "Status": "Deployed",
            "LastModifiedTime": datetime(2025, 1, 1, tzinfo=UTC),
            "InProgressInvalidationBatches": 0,
            "DomainName": "d111.cloudfront.net",
            "DistributionConfig": with_header(),
        },
        "ETag": "E1",
        **meta(),
    }
    stubber.add_response("get_distribution", answer, {"Id": ID})
    stubber.add_response(
        "get_distribution_config", {"DistributionConfig": with_header(), "ETag": "E1", **meta()}, {"Id": ID}
    )
    readings = (cloudfront.get_whole(ID), cloudfront.get_config(ID))
    assert VALUE not in str(readings)
    assert str(readings).count(HIDDEN) == 2


def test_an_error_that_repeats_the_value_does_not_show_it() -> None:
    refused = Refused(f"The header value {VALUE} is not valid.", code="InvalidArgument")
    refused.__cause__ = ValueError(VALUE)
    with pytest.raises(Refused) as caught, hiding(VALUE):
        raise refused
    assert str(caught.value) == f"InvalidArgument: The header value {HIDDEN} is not valid."
    assert caught.value.__cause__ is None
    assert VALUE not in repr(caught.value)


@pytest.mark.parametrize(("level", "expected"), [("DEBUG", "INFO"), ("ERROR", "ERROR")])
def test_the_log_never_has_whole_requests_and_answers(level: str, expected: str) -> None:
    loggers = logging_config(level, as_json=True)["loggers"]
    assert {loggers[name]["level"] for name in ("botocore", "boto3", "urllib3")} == {expected}
