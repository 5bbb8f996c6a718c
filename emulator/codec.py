"""Converts HTTP requests into (service, operation, parameters), and results into HTTP responses.

moto's router, parsers and serialisers do the work from botocore's service models, which boto3 also uses; see
docs/adr/0012. This module adds what moto lacks: the service of a request (moto uses the host name, which is
the same for all here), a service's own HTTP statuses, and the request id header. For S3 it finds only the
operation; `buckets` executes the request.
"""

from __future__ import annotations

import re
import uuid
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.utils import parse_to_aware_datetime
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.serialize import (
    BaseRestSerializer,
    ResponseSerializer,
    SerializationContext,
    get_serializer_class,
)
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from .base import Refusal
from .wsgi import environ_of

# Many of AWS's error codes are in no model.
warnings.filterwarnings("ignore", r"Exception\(\w+\) with code \w+ does not match an error shape")
_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]*)/([^/]+)/aws4_request")
_SIGNED_AS = {"monitoring": "cloudwatch", "servicequotas": "service-quotas"}


@dataclass
class AwsRequest:
    """One parsed request. `model` is None if botocore does not know the operation.

    `problem` is set if the operation is known but its parameters cannot be read. `region` is the region the
    request was signed for, or "".
    """

    service: str
    operation: str
    params: dict[str, Any] = field(default_factory=dict)
    model: OperationModel | None = None
    problem: Refusal | None = None
    region: str = ""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """`service:Operation`, as used by faults, limits and counts."""
        return f"{self.service}:{self.operation}"


@dataclass
class AwsResponse:
    """One HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


@lru_cache
def load(service: str) -> ServiceModel | None:
    """botocore's model of a service, cached; None if there is none."""
    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None


def scope_of(request: Request) -> tuple[str, str]:
    """The service (botocore's name) and region a request was signed for; unsigned requests are for S3.

    Both are in the SigV4 credential scope (`…/region/service/aws4_request`). Signatures are not checked.
    """
    scope = _SCOPE.search(request.headers.get("Authorization", ""))
    if scope:
        return _SIGNED_AS.get(scope[2], scope[2]), scope[1]
    presigned = request.args.get("X-Amz-Credential", "").split("/")
    if len(presigned) != 5:
        return "s3", ""
    return _SIGNED_AS.get(presigned[3], presigned[3]), presigned[2]


def parse_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> AwsRequest:
    """The AWS call of an HTTP request. Unknown operations and bad parameters are noted in it, not raised."""
    request = Request(environ_of(method, target, headers, body))
    service, region = scope_of(request)
    try:
        model, labels = get_service_router(service).match(request)
    except (NotFound, UnknownServiceError, NotImplementedError):
        unknown = headers.get("X-Amz-Target", "").rpartition(".")[2] or f"{method} {request.path}"
        return AwsRequest(service, unknown, region=region)
    call = AwsRequest(service, boto_name(model), {}, model, region=region)
    try:
        call.params = _params(model, request, labels, b"" if service == "s3" else body)
    except (RequestParserError, ValueError, AttributeError, TypeError) as error:
        call.problem = Refusal("MalformedInput", f"The request could not be read: {error}")
    return call


def boto_name(model: OperationModel) -> str:
    """The operation's name without the API date that CloudFront's model adds."""
    return re.sub(r"\d{4}_\d\d_\d\d$", "", model.name)


def parse_time(text: Any) -> datetime:
    """A time in any of AWS's formats, as an aware UTC datetime."""
    return parse_to_aware_datetime(text).astimezone(UTC)


def _params(model: OperationModel, request: Request, labels: dict[str, Any], body: bytes) -> dict[str, Any]:
    parser = PROTOCOL_PARSERS[_protocol(model.service_model)](model, timestamp_parser=parse_time)
    return parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": body,
            "url_path": request.path,
            "url_params": labels,
        }
    )


def _protocol(service: ServiceModel) -> str:
    """The protocol that botocore chooses for a service: JSON for CloudWatch."""
    return str(service.resolved_protocol)


def _serializer(call: AwsRequest) -> ResponseSerializer:
    service = load(call.service) or get_service_model("s3")
    kind = _serializer_class(service.service_name, _protocol(service))
    return kind(call.model or OperationModel({}, service), SerializationContext(call.request_id))


@lru_cache
def _serializer_class(service: str, protocol: str) -> type[ResponseSerializer]:
    """moto's serializer. Its REST serializers take a member `body` inside of a list for the whole body."""
    kind = get_serializer_class(service, protocol)
    if not issubclass(kind, BaseRestSerializer):
        return kind

    class Rest(kind):  # type: ignore[misc, valid-type]
        def _serialize_structure_member(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
            is_nested = "body" in serialized and "headers" not in serialized
            above: Any = super(BaseRestSerializer if is_nested else Rest, self)
            above._serialize_structure_member(serialized, value, shape, key)

    return Rest


def answer(call: AwsRequest, result: dict[str, Any] | None) -> AwsResponse:
    """The HTTP response from which boto3 reads `result`."""
    return _http(call, _serializer(call).serialize(result or {}))


def refusal(call: AwsRequest, error: Refusal) -> AwsResponse:
    """The HTTP response that boto3 raises as ClientError with the error's code and message."""
    response = _http(call, _serializer(call).serialize(error))
    response.status = error.status
    return response


def _http(call: AwsRequest, serialized: Any) -> AwsResponse:
    body = serialized["body"]
    headers = {"x-amzn-RequestId": call.request_id, **serialized["headers"]}
    return AwsResponse(serialized["status_code"], headers, body.encode() if isinstance(body, str) else body)
