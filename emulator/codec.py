"""From an HTTP request to (service, operation, parameters), and from the answer back to HTTP.

moto's router, parsers and serialisers do it by botocore's service models, the same files that boto3 writes
its requests from; see docs/adr/0012. What stays here is what moto has no word for: which service a request
means (moto goes by the host name, and here is only one), statuses that a service chooses freely, the header
that carries the request id. S3 requests are only named here: `buckets` answers them.
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
from moto.core.serialize import ResponseSerializer, SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from .base import Refusal
from .wsgi import environ_of

# Many codes that AWS answers stand in no model.
warnings.filterwarnings("ignore", r"Exception\(\w+\) with code \w+ does not match an error shape")
_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]*)/([^/]+)/aws4_request")
_SIGNED_AS = {"monitoring": "cloudwatch"}


@dataclass
class AwsRequest:
    """One request, understood. `model` is None where botocore has no such operation.

    `problem` is set where the operation is known and its parameters cannot be read; `region` is the one
    that the request was signed for, empty if that is not known.
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
        """`service:Operation`, as faults, limits and counts name it."""
        return f"{self.service}:{self.operation}"


@dataclass
class AwsResponse:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@lru_cache
def load(service: str) -> ServiceModel | None:
    """The model of a service, read once; None if botocore knows no such service."""
    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None


def scope_of(request: Request) -> tuple[str, str]:
    """(botocore's name of the service, region) that a request was signed for; unsigned ones are S3's.

    Both stand in the SigV4 credential scope (`…/region/service/aws4_request`). Signatures are not checked.
    """
    scope = _SCOPE.search(request.headers.get("Authorization", ""))
    if scope:
        return _SIGNED_AS.get(scope[2], scope[2]), scope[1]
    presigned = request.args.get("X-Amz-Credential", "").split("/")
    if len(presigned) != 5:
        return "s3", ""
    return _SIGNED_AS.get(presigned[3], presigned[3]), presigned[2]


def understand(method: str, target: str, headers: Mapping[str, str], body: bytes) -> AwsRequest:
    """The call that an HTTP request makes; what it does not know stands in the call, nothing is raised."""
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
    """The operation's name without the API's date, which CloudFront's model adds."""
    return re.sub(r"\d{4}_\d\d_\d\d$", "", model.name)


def read_moment(text: Any) -> datetime:
    """Any of AWS's ways to write a moment, as aware UTC."""
    return parse_to_aware_datetime(text).astimezone(UTC)


def _params(model: OperationModel, request: Request, labels: dict[str, Any], body: bytes) -> dict[str, Any]:
    parser = PROTOCOL_PARSERS[_protocol(model.service_model)](model, timestamp_parser=read_moment)
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
    """Of the protocols a service speaks, the one that botocore chooses: JSON for CloudWatch."""
    return str(service.resolved_protocol)


def _serializer(call: AwsRequest) -> ResponseSerializer:
    service = load(call.service) or get_service_model("s3")
    kind = get_serializer_class(service.service_name, _protocol(service))
    return kind(call.model or OperationModel({}, service), SerializationContext(call.request_id))


def answer(call: AwsRequest, result: dict[str, Any] | None) -> AwsResponse:
    """The HTTP answer that boto3 reads `result` from."""
    return _http(call, _serializer(call).serialize(result or {}))


def refusal(call: AwsRequest, no: Refusal) -> AwsResponse:
    """The HTTP answer that boto3 raises as ClientError with the refusal's code and message."""
    made = _http(call, _serializer(call).serialize(no))
    made.status = no.status
    return made


def _http(call: AwsRequest, made: Any) -> AwsResponse:
    body = made["body"]
    headers = {"x-amzn-RequestId": call.request_id, **made["headers"]}
    return AwsResponse(made["status_code"], headers, body.encode() if isinstance(body, str) else body)
