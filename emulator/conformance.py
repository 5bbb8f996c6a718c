"""The emulator held to botocore's service models, for requests and for responses.

A request whose values are outside the model is refused as the service refuses it. Responses and error codes
are checked only while `findings` is a list, as it is in tests: what is not in the model is appended to it.
"""

from __future__ import annotations

from typing import Any

from .base import Refusal
from .codec import AwsRequest
from .shapes import Violation, violations

# How each service refuses a request that is outside its model. CloudFront: aws/aws-sdk-php#1973 and
# aws/aws-sdk-ruby#413. CloudWatch: "Common Errors" in its API reference. The exceptions of the other
# three are in their models.
_REFUSED_WITH = {
    "acm": ("ValidationException", 400),
    "cloudfront": ("MalformedXML", 400),
    "cloudwatch": ("ValidationError", 400),
    "medialive": ("BadRequestException", 400),
    "route53": ("InvalidInput", 400),
    "mediapackage": ("UnprocessableEntityException", 422),
    "secretsmanager": ("InvalidParameterException", 400),
    "pricing": ("InvalidParameterException", 400),
    "service-quotas": ("IllegalArgumentException", 400),
}

# Error codes that the models of some or all of a service's operations lack, each with its source.
_COMMON = "Common Errors, in the API reference of CloudFront, CloudWatch and STS"
_S3 = "Error responses, in the Amazon S3 API reference"
_UNTAGGED = "all of MediaPackage's operations but those on tags, whose model has no errors, have it"
_OWN = "the emulator's own: an operation or a parameter that it does not offer"
OTHER_CODES = {
    ("acm", "AccessDeniedException"): "Common Errors, in the ACM API Reference",
    ("acm", "InternalFailure"): "Common Errors, in the ACM API Reference",
    ("acm", "ThrottlingException"): "all its operations that change something have it",
    ("cloudfront", "AccessDenied"): _COMMON,
    ("cloudfront", "MalformedXML"): "aws/aws-sdk-php#1973: the answer to a missing field",
    ("cloudfront", "MalformedInput"): "laurilehmijoki/s3_website#320: the answer to XML of another shape",
    ("cloudfront", "StagingDistributionInUse"): "UpdateDistribution has it; for a deletion AWS_RULES 38",
    ("cloudfront", "Throttling"): "aws/aws-cdk#29183: Rate exceeded",
    ("cloudfront", "InternalFailure"): _COMMON,
    ("cloudwatch", "AccessDeniedException"): _COMMON,
    ("cloudwatch", "InternalServiceFault"): "GetMetricStatistics and PutMetricData, which share it",
    ("cloudwatch", "ResourceNotFound"): "GetDashboard: for faults only, GetMetricData itself finds nothing",
    ("cloudwatch", "Throttling"): _COMMON,
    ("cloudwatch", "ValidationError"): _COMMON,
    ("medialive", "AccessDeniedException"): "Service Authorization Reference: the answer of IAM",
    (
        "medialive",
        "TooManyRequestsException",
    ): "all its operations but UpdateInput and UpdateInputSecurityGroup have it",
    ("mediapackage", "AccessDeniedException"): "Service Authorization Reference: the answer of IAM",
    ("mediapackage", "InternalServerErrorException"): _UNTAGGED,
    ("mediapackage", "NotFoundException"): _UNTAGGED,
    ("mediapackage", "TooManyRequestsException"): _UNTAGGED,
    ("mediapackage", "UnprocessableEntityException"): _UNTAGGED,
    ("route53", "AccessDenied"): "Common Errors, in the Route 53 API Reference",
    ("route53", "InternalFailure"): "Common Errors, in the Route 53 API Reference",
    ("route53", "Throttling"): "Common Errors, in the Route 53 API Reference",
    ("s3", "AccessDenied"): _S3,
    ("s3", "InternalError"): _S3,
    ("s3", "InvalidArgument"): _S3,
    ("s3", "NoSuchKey"): _S3,
    ("s3", "SlowDown"): _S3,
    ("secretsmanager", "AccessDeniedException"): "Common Errors, in the Secrets Manager API Reference",
    ("secretsmanager", "InternalFailure"): "Common Errors, in the Secrets Manager API Reference",
    ("secretsmanager", "ThrottlingException"): "Common Errors, in the Secrets Manager API Reference",
    ("iam", "AccessDenied"): _COMMON,
    ("iam", "InternalFailure"): _COMMON,
    ("iam", "Throttling"): _COMMON,
    ("sts", "AccessDenied"): _COMMON,
    ("sts", "InternalFailure"): _COMMON,
    ("sts", "Throttling"): _COMMON,
    ("*", "NotImplemented"): _OWN,
    ("*", "InternalFailure"): "the emulator's own: it has a defect",
}

findings: list[str] | None = None


def refuse_illegal(call: AwsRequest) -> None:
    """Raise the service's Refusal for a request with values that its model does not allow."""
    if call.model is None or call.service not in _REFUSED_WITH:
        return
    found = list(violations(call.model.input_shape, call.params))
    if not found:
        return
    code, status = _REFUSED_WITH[call.service]
    if call.service == "cloudfront" and all(".tags." in f".{violation.path}." for violation in found):
        code = "InvalidTagging"
    raise Refusal(code, message(found), status)


def message(found: list[Violation]) -> str:
    """AWS's sentence about them."""
    errors = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
    return f"{errors} detected: {'; '.join(map(str, found))}"


def check_answer(call: AwsRequest, result: dict[str, Any] | None) -> None:
    """Note what in a response is not in the operation's model."""
    if findings is not None and call.model is not None:
        for violation in violations(call.model.output_shape, result or {}):
            findings.append(f"answer of {call.name}: {violation}")


def check_error(call: AwsRequest, code: str) -> None:
    """Note an error code that is neither in the operation's model nor in `OTHER_CODES`."""
    if findings is None or code in codes_of(call.model):
        return
    if not {(call.service, code), ("*", code)} & OTHER_CODES.keys():
        findings.append(f"error of {call.name}: {code} is not in the model")


def codes_of(model: Any) -> set[str]:
    """The error codes that the model has for an operation."""
    return {shape.error_code for shape in model.error_shapes} if model is not None else set()
