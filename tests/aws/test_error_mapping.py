"""Error mapping: which StreamHub error each botocore error becomes."""

from __future__ import annotations

from ssl import SSLError
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from streamhub.aws.error_mapping import is_write, translate
from streamhub.aws.known_answers import FOR_A_PERSON, NOT_KNOWN_YET, Answer
from streamhub.errors import (
    AccessDenied,
    ActionRequired,
    AlreadyExists,
    Conflict,
    NotFound,
    NotKnownYet,
    QuotaExceeded,
    Refused,
    Retryable,
    Throttled,
)

CREATE = "cloudfront:CreateDistributionWithTags"
UPDATE = "cloudfront:UpdateDistribution"
DELETE = "cloudfront:DeleteDistribution"
GET = "cloudfront:GetDistribution"

# AWS's words, as their sources in `known_answers` report them.
PACKAGE_UNKNOWN = (
    "outputGroups[0].outputGroupSettings.destination.channelId MediaPackage channel ID is invalid. The ID "
    "can have numbers, letters, underscores, and dashes. The ID is case sensitive."
)
PASS_ROLE = (
    "Please check your IAM User permissions the following permissions are needed for this call "
    '"medialive:CreateChannel","iam:PassRole"'
)
ROLE_UNKNOWN = "Please make sure the role exists and medialive.amazonaws.com is trusted."
UNVERIFIED = "Your account must be verified before you can add new CloudFront resources."
PRICING_PLAN = (
    "You can't delete this distribution while it's subscribed to a pricing plan. Cancel the pricing plan, "
    "then you can delete the distribution."
)


def answer(
    operation: str, code: str, status: int, message: str = "no", headers: dict[str, str] | None = None
) -> ClientError:
    """What botocore raises if AWS answers an operation so."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"RequestId": "req-9", "HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return ClientError(response, operation.partition(":")[2])


ANSWERS = [
    # missing: rule 29, each code for its own service
    (GET, "NoSuchDistribution", 404, "", NotFound),
    ("medialive:DescribeChannel", "NotFoundException", 404, "", NotFound),
    ("medialive:DeleteInput", "NotFoundException", 404, "", NotFound),
    ("mediapackage:DescribeOriginEndpoint", "NotFoundException", 404, "", NotFound),
    ("s3:ListObjectsV2", "NoSuchBucket", 404, "", NotFound),
    ("s3:GetObject", "NoSuchKey", 404, "", NotFound),
    # nothing else is missing
    (GET, "NotFoundException", 404, "", Refused),
    (GET, "404", 404, "Not Found", Retryable),
    ("medialive:DescribeChannel", "NoSuchDistribution", 404, "", Refused),
    ("medialive:DescribeChannel", "404", 404, "", Retryable),
    (UPDATE, "NoSuchOrigin", 404, "", Refused),
    (UPDATE, "NoSuchResponseHeadersPolicy", 404, "", Refused),
    ("cloudfront:ListTagsForResource", "NoSuchResource", 404, "", Conflict),
    # throttles
    (UPDATE, "Throttling", 400, "Rate exceeded", Throttled),
    (UPDATE, "ThrottlingException", 400, "Rate exceeded", Throttled),
    (GET, "RequestLimitExceeded", 503, "", Throttled),
    (GET, "Whatever", 400, "Rate exceeded", Throttled),
    # botocore counts the code among its throttles; only other words mean a quota.
    ("acm:DescribeCertificate", "LimitExceededException", 400, "Rate exceeded", Throttled),
    ("s3:ListObjectsV2", "SlowDown", 503, "Please reduce your request rate.", Throttled),
    ("medialive:StartChannel", "TooManyRequestsException", 429, "Too Many Requests", Throttled),
    ("medialive:DescribeChannel", "TooManyRequestsException", 429, "", Throttled),
    ("medialive:CreateChannel", "TooManyRequestsException", 429, "Rate limit exceeded", Throttled),
    ("mediapackage:CreateChannel", "TooManyRequestsException", 429, "Request limit exceeded", Throttled),
    ("cloudwatch:GetMetricData", "Throttling", 400, "Rate exceeded", Throttled),
    (GET, "429", 429, "", Throttled),
    # quotas
    (CREATE, "TooManyDistributions", 400, "", QuotaExceeded),
    (CREATE, "TooManyDistributionsAssociatedToKeyGroup", 400, "", QuotaExceeded),
    (
        "mediapackage:CreateChannel",
        "TooManyRequestsException",
        429,
        "You have reached the limit of 30 channels",
        QuotaExceeded,
    ),
    ("medialive:CreateChannel", "TooManyRequestsException", 429, "Channel quota exceeded", QuotaExceeded),
    (
        "medialive:CreateInput",
        "TooManyRequestsException",
        429,
        "Maximum number of push inputs",
        QuotaExceeded,
    ),
    (
        "mediapackage:CreateChannel",
        "TooManyRequestsException",
        429,
        "Too many requests, please try again. Resource limit exceeded.",
        QuotaExceeded,
    ),
    ("medialive:CreateChannel", "ServiceQuotaExceededException", 402, "", QuotaExceeded),
    (CREATE, "TooManyCacheBehaviors", 400, "", Refused),
    (CREATE, "TooManyKeyGroupsAssociatedToDistribution", 400, "", Refused),
    # denials
    (GET, "AccessDenied", 403, "", AccessDenied),
    ("medialive:CreateChannel", "AccessDeniedException", 403, "not authorized: iam:PassRole", AccessDenied),
    ("mediapackage:CreateChannel", "ForbiddenException", 403, "", AccessDenied),
    ("sts:GetCallerIdentity", "InvalidClientTokenId", 403, "", AccessDenied),
    ("sts:GetCallerIdentity", "ExpiredToken", 400, "", AccessDenied),
    ("medialive:ListInputs", "UnrecognizedClientException", 400, "", AccessDenied),
    (GET, "SignatureDoesNotMatch", 403, "", AccessDenied),
    (GET, "SomethingNew", 403, "", AccessDenied),
    (GET, "403", 403, "Forbidden", AccessDenied),
    # conflicts
    (DELETE, "DistributionNotDisabled", 409, "", Conflict),
    (DELETE, "PreconditionFailed", 412, "", Conflict),
    (UPDATE, "InvalidIfMatchVersion", 400, "", Conflict),
    (DELETE, "ResourceInUse", 409, "", Conflict),
    ("medialive:StartChannel", "ConflictException", 409, "", Conflict),
    ("medialive:StartChannel", "BadRequestException", 400, "Channel must be IDLE", Conflict),
    ("medialive:DeleteInputSecurityGroup", "BadRequestException", 400, "in use", Conflict),
    ("medialive:DeleteInput", "UnprocessableEntityException", 422, "", Conflict),
    ("mediapackage:DeleteChannel", "UnprocessableEntityException", 422, "has endpoints", Conflict),
    (UPDATE, "SomethingNew", 409, "", Conflict),
    # refusals
    (CREATE, "InvalidArgument", 400, "", Refused),
    (UPDATE, "IllegalUpdate", 400, "", Refused),
    (CREATE, "InconsistentQuantities", 400, "", Refused),
    ("mediapackage:CreateChannel", "UnprocessableEntityException", 422, "", Refused),
    ("medialive:CreateChannel", "UnprocessableEntityException", 422, "unknown input", Refused),
    ("medialive:CreateChannel", "BadRequestException", 400, "Bitrate exceeds the limit", Refused),
    ("medialive:CreateInput", "BadRequestException", 400, "", Refused),
    # what is not known yet
    ("medialive:CreateChannel", "UnprocessableEntityException", 422, PACKAGE_UNKNOWN, NotKnownYet),
    ("medialive:UpdateChannel", "UnprocessableEntityException", 422, PACKAGE_UNKNOWN, NotKnownYet),
    ("medialive:CreateChannel", "UnprocessableEntityException", 422, 'Input "7" was not found', NotKnownYet),
    ("medialive:CreateChannel", "UnprocessableEntityException", 422, PASS_ROLE, NotKnownYet),
    ("medialive:CreateChannel", "BadRequestException", 400, ROLE_UNKNOWN, NotKnownYet),
    ("medialive:CreateInput", "BadRequestException", 400, ROLE_UNKNOWN, NotKnownYet),
    ("medialive:CreateInput", "BadRequestException", 400, "Input security group 7 not found", NotKnownYet),
    ("mediapackage:CreateOriginEndpoint", "NotFoundException", 404, "Channel a not found", NotKnownYet),
    ("mediapackage:DescribeChannel", "NotFoundException", 404, "Channel a not found", NotFound),
    ("medialive:DescribeInput", "NotFoundException", 404, "Input 7 not found", NotFound),
    # what a person has to solve in AWS
    (CREATE, "AccessDenied", 403, UNVERIFIED, ActionRequired),
    (CREATE, "CNAMEAlreadyExists", 409, "", ActionRequired),
    (UPDATE, "CNAMEAlreadyExists", 409, "", ActionRequired),
    (UPDATE, "StagingDistributionInUse", 409, "", ActionRequired),
    (UPDATE, "ContinuousDeploymentPolicyInUse", 409, "", ActionRequired),
    (DELETE, "PreconditionFailed", 412, PRICING_PLAN, ActionRequired),
    (GET, "OptInRequired", 403, "", ActionRequired),
    # faults
    (CREATE, "InternalError", 500, "", Retryable),
    (GET, "ServiceUnavailable", 503, "", Retryable),
    ("medialive:StartChannel", "BadGatewayException", 502, "", Retryable),
    ("medialive:StartChannel", "GatewayTimeoutException", 504, "", Retryable),
    ("mediapackage:CreateChannel", "ServiceUnavailableException", 503, "", Retryable),
    ("s3:ListObjectsV2", "RequestTimeout", 400, "", Retryable),
    (CREATE, "400", 400, "a proxy's page", Retryable),
]


@pytest.mark.parametrize(("operation", "code", "status", "message", "expected"), ANSWERS)
def test_each_answer_becomes_one_error(
    operation: str, code: str, status: int, message: str, expected: type[Exception]
) -> None:
    error = translate(answer(operation, code, status, message or "no"), operation)
    assert type(error) is expected
    assert (error.operation, error.code, error.request_id, error.status) == (operation, code, "req-9", status)
    assert error.message.startswith(message or "no")


@pytest.mark.parametrize(
    "message",
    [
        "The caller reference that you are using to create a distribution is associated with another "
        "distribution. Already exists: E2QWRUHAPOMQZL",
        "Distribution already exists: E2QWRUHAPOMQZL",
        "The caller reference is associated with distribution E2QWRUHAPOMQZL.",
    ],
)
def test_a_used_caller_reference_returns_the_existing_distribution(message: str) -> None:
    error = translate(answer(CREATE, "DistributionAlreadyExists", 409, message), CREATE)
    assert isinstance(error, AlreadyExists)
    assert error.existing_id == "E2QWRUHAPOMQZL"


def test_a_used_caller_reference_without_an_id_in_the_message_has_no_existing_id() -> None:
    error = translate(
        answer(CREATE, "DistributionAlreadyExists", 409, "It exists. EVERY word counts"), CREATE
    )
    assert isinstance(error, AlreadyExists)
    assert error.existing_id is None


@pytest.mark.parametrize(("operation", "unknown"), [(CREATE, True), (DELETE, True), (GET, False)])
def test_after_a_fault_the_effect_of_a_write_is_unknown(operation: str, unknown: bool) -> None:
    error = translate(answer(operation, "InternalError", 500), operation)
    assert isinstance(error, Retryable)
    assert error.effect_unknown is unknown


def test_a_throttled_call_had_no_effect_and_may_have_a_retry_time() -> None:
    error = translate(answer(CREATE, "Throttling", 429, headers={"retry-after": "7"}), CREATE)
    assert isinstance(error, Throttled)
    assert (error.after, error.effect_unknown) == (7.0, False)
    plain = translate(answer(CREATE, "Throttling", 429, headers={"retry-after": "Wed, 21 Oct 2015"}), CREATE)
    assert isinstance(plain, Throttled)
    assert plain.after is None


@pytest.mark.parametrize(
    "message",
    ["MediaLive cannot assume the role arn:aws:iam::1:role/MediaLiveAccess", "The Role is invalid"],
)
def test_a_role_that_iam_has_not_propagated_is_retried_in_ten_seconds(message: str) -> None:
    operation = "medialive:CreateChannel"
    error = translate(answer(operation, "BadRequestException", 400, message), operation)
    assert type(error) is NotKnownYet
    assert (error.after, error.effect_unknown, error.code) == (10, False, "BadRequestException")


def test_the_single_reasons_of_a_422_are_kept_and_also_tell_what_it_means() -> None:
    raised = answer("medialive:CreateChannel", "UnprocessableEntityException", 422, "Invalid request")
    raised.response["ValidationErrors"] = [  # type: ignore[typeddict-unknown-key]
        {"ElementPath": "destinations[0].channelId", "ErrorMessage": "MediaPackage channel ID is invalid."}
    ]
    error = translate(raised, "medialive:CreateChannel")
    assert type(error) is NotKnownYet
    assert error.validation == (("destinations[0].channelId", "MediaPackage channel ID is invalid."),)
    assert str(error).endswith(
        "Invalid request; destinations[0].channelId: MediaPackage channel ID is invalid."
    )


@pytest.mark.parametrize("answer", [*NOT_KNOWN_YET, *FOR_A_PERSON])
def test_each_known_answer_has_its_source_and_says_what_to_do(answer: Answer) -> None:
    assert answer.source
    assert bool(answer.action) == (answer in FOR_A_PERSON)


def test_a_422_of_mediapackage_on_create_explains_its_two_meanings() -> None:
    operation = "mediapackage:CreateChannel"
    error = translate(answer(operation, "UnprocessableEntityException", 422, "Bad."), operation)
    assert "id is taken" in error.message


@pytest.mark.parametrize("operation", [CREATE, GET, "medialive:DescribeChannel", "medialive:CreateInput"])
@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("InvalidIdentityToken", 400, AccessDenied),
        ("IDPCommunicationError", 400, AccessDenied),
        ("ValidationError", 400, AccessDenied),
        ("AccessDenied", 403, AccessDenied),
        ("Throttling", 400, Retryable),
        ("InternalFailure", 500, Retryable),
    ],
)
def test_credentials_that_cannot_be_renewed_refuse_no_input_and_send_no_call(
    operation: str, code: str, status: int, expected: type[Exception]
) -> None:
    error = translate(answer("sts:AssumeRoleWithWebIdentity", code, status, "STS's words"), operation)
    assert type(error) is expected
    assert isinstance(error, Retryable)
    assert not error.effect_unknown
    assert (error.operation, error.code, error.request_id, error.status) == (operation, code, "req-9", status)
    assert error.message == ("The credentials could not be renewed (AssumeRoleWithWebIdentity): STS's words")
    assert "identity provider" in error.hint


HERE: dict[str, Any] = {"endpoint_url": "http://127.0.0.1:1"}
UNTRUSTED = SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate")
BROKEN = SSLError("[SSL] record layer failure (_ssl.c:2580)")
MISSING_ANSWERS = [
    (boto.ReadTimeoutError(**HERE), Retryable, True),
    (boto.ConnectionClosedError(**HERE), Retryable, True),
    (boto.ResponseStreamingError(error="x"), Retryable, True),
    (boto.HTTPClientError(error="x"), Retryable, True),
    (ResponseParserError("not XML"), Retryable, True),
    (boto.ConnectTimeoutError(**HERE), Retryable, False),
    (boto.EndpointConnectionError(**HERE), Retryable, False),
    (boto.ProxyConnectionError(proxy_url="http://p"), Retryable, False),
    (boto.SSLError(endpoint_url="https://x", error=UNTRUSTED), Retryable, False),
    (boto.SSLError(endpoint_url="https://x", error=BROKEN), Retryable, True),
    (boto.NoCredentialsError(), AccessDenied, False),
    (boto.PartialCredentialsError(provider="env", cred_var="x"), AccessDenied, False),
    (boto.CredentialRetrievalError(provider="p", error_msg="x"), AccessDenied, False),
    (boto.ProfileNotFound(profile="p"), AccessDenied, False),
    (boto.SSOTokenLoadError(profile_name="p", error_msg="x"), AccessDenied, False),
    (boto.ParamValidationError(report="Missing Id"), Refused, None),
    (boto.RangeError(value=1, param="p", min_value=2, max_value=3), Refused, None),
]


@pytest.mark.parametrize(("raised", "expected", "unknown"), MISSING_ANSWERS)
def test_each_missing_answer_becomes_one_error(
    raised: Exception, expected: type[Exception], unknown: bool | None
) -> None:
    error = translate(raised, CREATE)
    assert type(error) is expected
    assert (error.operation, error.code, error.request_id) == (CREATE, type(raised).__name__, None)
    if isinstance(error, Retryable):
        assert error.effect_unknown is unknown


def test_a_read_that_timed_out_has_no_unknown_effect() -> None:
    error = translate(boto.ReadTimeoutError(**HERE), GET)
    assert isinstance(error, Retryable)
    assert not error.effect_unknown


@pytest.mark.parametrize(
    ("operation", "write"),
    [
        (GET, False),
        ("medialive:ListInputs", False),
        ("medialive:DescribeInput", False),
        (CREATE, True),
        (DELETE, True),
    ],
)
def test_what_counts_as_a_write(operation: str, write: bool) -> None:
    assert is_write(operation) is write
