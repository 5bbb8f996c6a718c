"""The border: every botocore exception becomes exactly one of the house's errors.

Pure and table-driven. What decides is the service's error code; the HTTP status decides for codes
that no table names. Three things are not obvious:

* *Missing* are only the codes of AWS_RULES 29, each for its own service. Any other 404 proves nothing.
* A 5xx, a read timeout or a connection that broke leaves it open whether a write took effect; a
  connection that was never made does not (AWS_RULES 28).
* MediaPackage and MediaLive say 429 for a throttle and for a quota: the message tells which (AWS_RULES 12).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from streamhub.errors import (
    AccessDenied,
    AlreadyExists,
    AwsError,
    Conflict,
    NotFound,
    QuotaExceeded,
    Refused,
    Retryable,
    Throttled,
)

# AWS_RULES 29. Nothing else means missing.
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

# Also CloudFront's `TooManyDistributions…`; its other `TooMany…` speak of the input.
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
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}

CONFLICTS = {
    "ConflictException",
    "DistributionNotDisabled",
    "InvalidIfMatchVersion",
    "NoSuchResource",  # tags of a distribution that may be gone: look again, this is no proof
    "OperationAborted",
    "PreconditionFailed",
    "ResourceInUse",
    "ResourceInUseException",
}

# 409 by status, but no later attempt with the same input can succeed.
REFUSALS = {"CNAMEAlreadyExists", "IllegalUpdate"}

FAULTS = {
    "InternalError",
    "InternalFailure",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
}

# The request never left, so that nothing can have happened.
NOT_SENT = (boto.ConnectionError,)

# Nobody here may ask AWS anything until a person mends the credentials.
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

ROLE_RETRY_SECONDS = 10.0

_READS = ("Get", "List", "Describe", "Head")
_VERBS_ON_EXISTING = ("Delete", "Start", "Stop")
_RATE_LIMIT = re.compile(r"\b(rate|requests?|call|api)[ -](limit|quota)", re.IGNORECASE)
_QUOTA_WORDS = re.compile(r"quota|\blimit|maximum number|too many (?!requests)", re.IGNORECASE)
_ROLE_WORDS = re.compile(r"\brole\b|assume", re.IGNORECASE)
_NAMED_ID = re.compile(r"already exists:?\s+([A-Z0-9]{8,32})\b", re.IGNORECASE)
_DISTRIBUTION_ID = re.compile(r"\bE[A-Z0-9]{9,31}\b")


def is_write(operation: str) -> bool:
    """Whether an operation (`service:Operation`) changes anything."""
    return not operation.partition(":")[2].startswith(_READS)


def translate(error: Exception, operation: str) -> AwsError:
    """The house's error for what botocore raised from `operation` (`service:Operation`)."""
    if isinstance(error, boto.ClientError):
        return _answered(error, operation)
    return _unanswered(error, operation)


def may_have_happened(error: Exception | None, status: int | None) -> bool:
    """Whether one attempt with this outcome leaves open if it took effect."""
    if error is not None:
        return not isinstance(error, NOT_SENT + NO_CREDENTIALS + BAD_PARAMETERS)
    return status is not None and status >= 500


def _answered(error: boto.ClientError, operation: str) -> AwsError:
    """AWS answered with an error: code first, then status."""
    said, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code, message = str(said.get("Code") or "Unknown"), str(said.get("Message") or "AWS gave no reason")
    status = meta.get("HTTPStatusCode")
    about: dict[str, Any] = {
        "operation": operation,
        "code": code,
        "request_id": meta.get("RequestId"),
        "status": status,
    }
    if code == "DistributionAlreadyExists":
        return AlreadyExists(message, existing_id=_existing_id(message), **about)
    kind = _kind(operation, code, message, status or 0)
    if kind is Throttled:
        return Throttled(message, after=_retry_after(meta), **about)
    if kind is Retryable:
        if _is_role(operation, message, status or 0):
            return Retryable(message, after=ROLE_RETRY_SECONDS, **about)
        return Retryable(message, effect_unknown=is_write(operation), **about)
    if kind is Refused and status == 422 and operation.startswith("mediapackage:Create"):
        message += " (MediaPackage answers so when the id is taken as well as when the input is wrong)"
    return kind(message, **about)


def _kind(operation: str, code: str, message: str, status: int) -> type[AwsError]:
    """Which error an answer is."""
    service = operation.partition(":")[0]
    if (service, code) in MISSING:
        return NotFound
    if _is_quota(code, message, status):
        return QuotaExceeded
    if code in THROTTLES or status == 429 or "rate exceeded" in message.lower():
        return Throttled
    if code in DENIALS:
        return AccessDenied
    if code in CONFLICTS:
        return Conflict
    if code in REFUSALS:
        return Refused
    if code in FAULTS or _is_role(operation, message, status):
        return Retryable
    return _kind_by_status(operation, code, status)


def _kind_by_status(operation: str, code: str, status: int) -> type[AwsError]:
    """Which error an answer is whose code no table names."""
    if status in (401, 403):
        return AccessDenied
    if status >= 500 or code.isdigit() or code == "Unknown":
        return Retryable  # a bare number is not AWS's own word, but that of something in between
    if status in (409, 412) or _acts_on_existing(operation):
        return Conflict
    return Refused


def _is_quota(code: str, message: str, status: int) -> bool:
    """MediaPackage's full region reads "Too many requests, please try again. Resource limit exceeded."."""
    if code in QUOTAS or code.startswith("TooManyDistributions"):
        return True
    return status == 429 and bool(_QUOTA_WORDS.search(_RATE_LIMIT.sub("", message)))


def _is_role(operation: str, message: str, status: int) -> bool:
    """A role that IAM has not propagated yet (AWS_RULES 18)."""
    return operation == "medialive:CreateChannel" and status == 400 and bool(_ROLE_WORDS.search(message))


def _acts_on_existing(operation: str) -> bool:
    """MediaLive and MediaPackage may say 400 or 422 where the state forbids it (AWS_RULES 14, 15, 17)."""
    service, _, name = operation.partition(":")
    return service in ("medialive", "mediapackage") and name.startswith(_VERBS_ON_EXISTING)


def _existing_id(message: str) -> str | None:
    """The distribution that a spent caller reference belongs to, named only in the message (AWS_RULES 4)."""
    named = _NAMED_ID.search(message)
    if named:
        return named[1]
    found = _DISTRIBUTION_ID.search(message)
    return found[0] if found else None


def _retry_after(meta: Mapping[str, Any]) -> float | None:
    """Seconds that AWS asks to wait, if it says so in whole seconds."""
    value = str(meta.get("HTTPHeaders", {}).get("retry-after", ""))
    return float(value) if value.isdigit() else None


def _unanswered(error: Exception, operation: str) -> AwsError:
    """No answer that can be read."""
    about: dict[str, Any] = {"operation": operation, "code": type(error).__name__}
    message = " ".join(str(error).split())
    if isinstance(error, BAD_PARAMETERS):
        return Refused(message, **about)
    if isinstance(error, NO_CREDENTIALS):
        return AccessDenied(message, **about)
    if isinstance(error, ResponseParserError):
        message = f"AWS's answer cannot be read: {message}"
    unknown = may_have_happened(error, None) and is_write(operation)
    return Retryable(message, effect_unknown=unknown, **about)
