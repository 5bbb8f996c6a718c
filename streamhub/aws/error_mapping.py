"""Error mapping: every botocore exception becomes exactly one of StreamHub's errors.

Pure and table-driven. `known_answers` comes first, then the service's error code decides; for codes in no
table, the HTTP status does. Four things are not obvious:

* Only the codes of AWS_RULES 29 mean *missing*, each for its own service. Any other 404 proves nothing.
* After a 5xx, a read timeout or a connection that broke, also inside TLS, a write may have taken effect.
  After a connection that was never made, it has not (AWS_RULES 28).
* MediaPackage and MediaLive answer 429 for a throttle and for a quota; the message differs (AWS_RULES 12).
* botocore renews credentials inside a call, so an answer may be one of STS, about another operation. It says
  nothing about the call, which was not sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from streamhub.aws import known_answers
from streamhub.errors import (
    AccessDenied,
    ActionRequired,
    AlreadyExists,
    AwsError,
    Conflict,
    NotFound,
    NotKnownYet,
    QuotaExceeded,
    Refused,
    Retryable,
    Throttled,
)

# AWS_RULES 29. No other code means missing.
MISSING = {
    ("cloudfront", "NoSuchDistribution"),
    ("medialive", "NotFoundException"),
    ("mediapackage", "NotFoundException"),
    ("s3", "NoSuchKey"),
    ("s3", "NoSuchBucket"),
}

THROTTLES = {
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
}

# Also CloudFront's `TooManyDistributions…`; its other `TooMany…` codes concern the input.
QUOTAS = {"LimitExceededException", "ServiceQuotaExceededException"}

DENIALS = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "ForbiddenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}

CONFLICTS = {
    "ConflictException",
    "DistributionNotDisabled",
    "EntityNotFound",  # of a move of an alias: one of the two may be gone, so read it again
    "InvalidChangeBatch",  # records that are not as they were read
    "InvalidIfMatchVersion",
    "NoSuchResource",  # tags of a distribution that may be gone: no proof, so read it again
    "OperationAborted",
    "PreconditionFailed",
    "ResourceInUse",
    "ResourceInUseException",
}

# Their status may be 409, but no later attempt with the same input can succeed.
REFUSALS = {"IllegalUpdate"}

FAULTS = {
    "InternalError",
    "InternalFailure",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
}

# The request was never sent, so it had no effect. TLS can break before and after it (`_before_sending`).
NOT_SENT = (boto.ConnectionError,)

# No call can succeed until the credentials are corrected.
NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.UnknownCredentialError,
    boto.InvalidConfigError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.MetadataRetrievalError,
    boto.ProfileNotFound,
    boto.ConfigParseError,
    boto.SSOError,
    boto.LoginError,
)

BAD_PARAMETERS = (boto.ParamValidationError, boto.MissingParametersError, boto.ValidationError)

NOT_KNOWN_YET_SECONDS = 10.0

CREDENTIALS_HINT = (
    "StreamHub tries again automatically. If it lasts, check the role of its AWS credentials: its trust "
    "policy, its identity provider, and whether STS can be reached."
)

_READS = ("Get", "List", "Describe", "Head")
_VERBS_ON_EXISTING = ("Delete", "Start", "Stop")
_RATE_LIMIT = re.compile(r"\b(rate|requests?|call|api)[ -](limit|quota)", re.IGNORECASE)
_QUOTA_WORDS = re.compile(r"quota|\blimit|maximum number|too many (?!requests)", re.IGNORECASE)
_NAMED_ID = re.compile(r"already exists:?\s+([A-Z0-9]{8,32})\b", re.IGNORECASE)
_DISTRIBUTION_ID = re.compile(r"\bE[A-Z0-9]{9,31}\b")


def is_write(operation: str) -> bool:
    """Whether an operation (`service:Operation`) changes anything."""
    return not operation.partition(":")[2].startswith(_READS)


def translate(error: Exception, operation: str) -> AwsError:
    """StreamHub's error for what botocore raised from `operation` (`service:Operation`)."""
    if not isinstance(error, boto.ClientError):
        return _without_response(error, operation)
    if error.operation_name != operation.partition(":")[2]:
        return _without_credentials(error, operation)
    return _from_response(error, operation)


def may_have_happened(error: Exception | None, status: int | None) -> bool:
    """Whether an attempt with this outcome may have taken effect."""
    if error is not None:
        return not _before_sending(error)
    return status is not None and status >= 500


def _before_sending(error: Exception) -> bool:
    """Whether the request was surely not sent. Of TLS's errors only that of a certificate says so."""
    if isinstance(error, boto.SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(error)
    return isinstance(error, NOT_SENT + NO_CREDENTIALS + BAD_PARAMETERS)


def _from_response(error: boto.ClientError, operation: str) -> AwsError:
    """AWS answered with an error: its code decides first, then its status."""
    details, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code = str(details.get("Code") or "Unknown")
    message = str(details.get("Message") or "AWS gave no reason")
    status = meta.get("HTTPStatusCode")
    about: dict[str, Any] = {
        "operation": operation,
        "code": code,
        "request_id": meta.get("RequestId"),
        "status": status,
        "validation": _reasons(error.response),
    }
    words = "; ".join([message, *(f"{path} {text}" for path, text in about["validation"])])
    if known := known_answers.find(known_answers.FOR_A_PERSON, operation, code, words):
        return ActionRequired(message, hint=known.action, **about)
    if known_answers.find(known_answers.NOT_KNOWN_YET, operation, code, words):
        return NotKnownYet(message, after=NOT_KNOWN_YET_SECONDS, **about)
    if code == "DistributionAlreadyExists":
        return AlreadyExists(message, existing_id=_existing_id(message), **about)
    kind = _kind(operation, code, message, status or 0)
    if kind is Throttled:
        return Throttled(message, after=_retry_after(meta), **about)
    if kind is Retryable:
        return Retryable(message, effect_unknown=is_write(operation), **about)
    if kind is QuotaExceeded and code in known_answers.SHARED_QUOTAS:
        full = QuotaExceeded(message, **about)
        full.hint = known_answers.shared_quota_hint(known_answers.SHARED_QUOTAS[code])
        return full
    if kind is Refused and status == 422 and operation.startswith("mediapackage:Create"):
        message += " (MediaPackage gives this answer when the id is taken and when the input is wrong)"
    return kind(message, **about)


def _without_credentials(error: boto.ClientError, operation: str) -> AwsError:
    """Another operation answered: STS, from which botocore wanted new credentials. The call was not sent.

    Whatever STS says, the input of the call is not refused: it answers 400 also while it cannot reach the
    identity provider (`InvalidIdentityToken`, `IDPCommunicationError`; awslabs/aws-sdk-rust#827).
    """
    renewal = _from_response(error, error.operation_name)
    message = f"The credentials could not be renewed ({error.operation_name}): {renewal.message}"
    about = {**renewal.about, "operation": operation}
    passes = isinstance(renewal, Retryable) and not renewal.needs_person
    without = Retryable(message, **about) if passes else AccessDenied(message, **about)
    without.hint = CREDENTIALS_HINT
    return without


def _reasons(response: Mapping[str, Any]) -> list[tuple[str, str]]:
    """MediaLive's `ValidationErrors` (AWS_RULES 34): path of the element and what is wrong with it."""
    return [
        (str(reason.get("ElementPath") or ""), str(reason.get("ErrorMessage") or ""))
        for reason in response.get("ValidationErrors") or ()
    ]


def _kind(operation: str, code: str, message: str, status: int) -> type[AwsError]:
    """The kind of error for an answer."""
    service = operation.partition(":")[0]
    if (service, code) in MISSING:
        return NotFound
    if "rate exceeded" in message.lower():
        return Throttled  # whatever the code: also with one of a quota
    if _is_quota(code, message, status):
        return QuotaExceeded
    if code in THROTTLES or status == 429:
        return Throttled
    if code in DENIALS:
        return AccessDenied
    if code in CONFLICTS:
        return Conflict
    if code in REFUSALS:
        return Refused
    if code in FAULTS:
        return Retryable
    return _kind_by_status(operation, code, status)


def _kind_by_status(operation: str, code: str, status: int) -> type[AwsError]:
    """The kind of error for an answer whose code is in no table."""
    if status in (401, 403):
        return AccessDenied
    if status >= 500 or code.isdigit() or code == "Unknown":
        return Retryable  # a number as code comes from a proxy or gateway, not from the service
    if status in (409, 412) or _acts_on_existing(operation):
        return Conflict
    return Refused


def _is_quota(code: str, message: str, status: int) -> bool:
    """MediaPackage's quota message is "Too many requests, please try again. Resource limit exceeded."."""
    if code in QUOTAS or code.startswith("TooManyDistributions"):
        return True
    return status == 429 and bool(_QUOTA_WORDS.search(_RATE_LIMIT.sub("", message)))


def _acts_on_existing(operation: str) -> bool:
    """MediaLive and MediaPackage may answer 400 or 422 if the state forbids a call (AWS_RULES 14, 15, 17)."""
    service, _, name = operation.partition(":")
    return service in ("medialive", "mediapackage") and name.startswith(_VERBS_ON_EXISTING)


def _existing_id(message: str) -> str | None:
    """The id of the distribution with this caller reference, which only the message has (AWS_RULES 4)."""
    named = _NAMED_ID.search(message)
    if named:
        return named[1]
    distribution_id = _DISTRIBUTION_ID.search(message)
    return distribution_id[0] if distribution_id else None


def _retry_after(meta: Mapping[str, Any]) -> float | None:
    """The seconds to wait from AWS's Retry-After header, if it is a whole number."""
    value = str(meta.get("HTTPHeaders", {}).get("retry-after", ""))
    return float(value) if value.isdigit() else None


def _without_response(error: Exception, operation: str) -> AwsError:
    """There is no answer, or none that can be read."""
    about: dict[str, Any] = {"operation": operation, "code": type(error).__name__}
    message = " ".join(str(error).split())
    if isinstance(error, BAD_PARAMETERS):
        return Refused(message, **about)
    if isinstance(error, NO_CREDENTIALS):
        return AccessDenied(message, **about)
    if isinstance(error, ResponseParserError):
        message = f"AWS's answer could not be read: {message}"
    unknown = may_have_happened(error, None) and is_write(operation)
    return Retryable(message, effect_unknown=unknown, **about)
