"""From an HTTP request to (service, operation, parameters), and from the answer back to HTTP.

botocore's own service models say how: the same files that boto3 writes its requests from. Which
service is meant stands in the SigV4 credential scope (`.../region/service/aws4_request`); signatures
are not checked. S3 requests are only named here: `buckets` answers them.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader
from botocore.model import OperationModel, ServiceModel

from . import wire
from .base import Refusal
from .wire import Shape

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]*)/([^/]+)/aws4_request")
_SIGNED_AS = {"monitoring": "cloudwatch"}
_JSON = {"Content-Type": "application/x-amz-json-1.0"}
_XML = {"Content-Type": "text/xml"}


@dataclass
class Call:
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
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class _Route:
    model: OperationModel
    path: re.Pattern[str]
    labels: list[str]
    query: dict[str, str]
    needed: list[tuple[str, str]]  # (header or querystring, name): S3 tells operations apart by these
    rank: tuple[int, int]  # the most demanding first, then fewer labels


class Model:
    """One service's botocore model, with its rest operations ready to be found by method and path."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.botocore = ServiceModel(create_loader().load_service_model(service, "service-2"), service)
        # Of the protocols a service speaks, the one that botocore chooses: JSON for CloudWatch.
        self.protocol: str = self.botocore.resolved_protocol
        self.namespace: str = self.botocore.metadata.get("xmlNamespace", "")
        self._routes: dict[str, list[_Route]] = {}
        if self.protocol.startswith("rest"):
            for name in self.botocore.operation_names:
                self._add_route(self.botocore.operation_model(name))

    def _add_route(self, model: OperationModel) -> None:
        path, _, query = model.http["requestUri"].partition("?")
        labels = re.findall(r"{([^}]+)}", path)
        pattern = re.sub(r"{[^}]+\+}", "(.+)", path)
        pattern = re.sub(r"{[^}]+}", "([^/]+)", pattern)
        wanted = dict(parse_qsl(query, keep_blank_values=True))
        needed = _needed(model)
        route = _Route(
            model,
            re.compile(pattern + "/?$"),
            [label.rstrip("+") for label in labels],
            wanted,
            needed,
            (-len(wanted) - len(needed), len(labels)),
        )
        routes = self._routes.setdefault(model.http["method"], [])
        routes.append(route)
        routes.sort(key=lambda other: other.rank)

    def find(
        self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str]
    ) -> tuple[_Route, dict[str, str]] | None:
        """The operation that this method, path and query mean, and what stands in its path."""
        for route in self._routes.get(method, ()):
            here = {"header": headers, "querystring": query}
            if all(
                key in query and (not want or want in query[key]) for key, want in route.query.items()
            ) and all(name in here[place] for place, name in route.needed):
                match = route.path.match(path)
                if match:
                    return route, dict(zip(route.labels, map(unquote, match.groups()), strict=True))
        return None


def _needed(model: OperationModel) -> list[tuple[str, str]]:
    """Headers and query parameters without which a request cannot mean this operation."""
    shape: Shape = model.input_shape
    members = [shape.members[name].serialization for name in shape.required_members] if shape else []
    return [(m["location"], m["name"]) for m in members if m.get("location") in ("header", "querystring")]


@lru_cache
def load(service: str) -> Model | None:
    """The model of a service, read once; None if botocore knows no such service."""
    try:
        return Model(service)
    except UnknownServiceError:
        return None


def scope_of(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> tuple[str, str]:
    """(botocore's name of the service, region) that the request was signed for; unsigned ones are S3's."""
    scope = _SCOPE.search(headers.get("Authorization", ""))
    if scope:
        return _SIGNED_AS.get(scope[2], scope[2]), scope[1]
    presigned = query.get("X-Amz-Credential", [""])[0].split("/")
    if len(presigned) != 5:
        return "s3", ""
    return _SIGNED_AS.get(presigned[3], presigned[3]), presigned[2]


def understand(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call that an HTTP request makes; what it does not know stands in the call, nothing is raised."""
    path, _, tail = target.partition("?")
    query = parse_qs(tail, keep_blank_values=True)
    service, region = scope_of(headers, query)
    call = _understand(service, method, path, query, headers, body)
    call.region = region
    return call


def _understand(
    service: str,
    method: str,
    path: str,
    query: Mapping[str, list[str]],
    headers: Mapping[str, str],
    body: bytes,
) -> Call:
    model = load(service)
    if model is None:
        return Call(service, f"{method} {path}")
    if model.protocol == "query":
        return _understand_query(model, body)
    if model.protocol == "json":
        return _understand_json(model, headers.get("X-Amz-Target", ""), body)
    found = model.find(method, path, query, headers)
    if found is None:
        return Call(model.service, f"{method} {path}")
    route, labels = found
    call = Call(model.service, boto_name(route.model), {}, route.model)
    try:
        _read_rest(model, call, labels, query, headers, body)
    except (ValueError, AttributeError, TypeError, ElementTree.ParseError) as error:
        call.problem = Refusal("MalformedInput", f"The request could not be read: {error}")
    return call


def boto_name(model: OperationModel) -> str:
    """The operation's name without the API's date, which CloudFront's model adds."""
    return re.sub(r"\d{4}_\d\d_\d\d$", "", model.name)


def _understand_query(model: Model, body: bytes) -> Call:
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    operation = form.pop("Action", "?")
    form.pop("Version", None)
    known = operation in model.botocore.operation_names
    return Call(
        model.service, operation, dict(form), model.botocore.operation_model(operation) if known else None
    )


def _understand_json(model: Model, target: str, body: bytes) -> Call:
    operation = target.rpartition(".")[2]
    if operation not in model.botocore.operation_names:
        return Call(model.service, operation)
    call = Call(model.service, operation, {}, model.botocore.operation_model(operation))
    try:
        call.params = wire.read_json(model.botocore.operation_model(operation).input_shape, json.loads(body))
    except (ValueError, AttributeError, TypeError) as error:
        call.problem = Refusal("SerializationException", f"The request could not be read: {error}")
    return call


def _read_rest(
    model: Model,
    call: Call,
    labels: dict[str, str],
    query: Mapping[str, list[str]],
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    shape: Shape = call.model.input_shape if call.model else None
    if shape is None:
        return
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        key = member.serialization.get("name", name)
        if place == "uri":
            call.params[name] = wire.read_text(member, labels[key])
        elif place == "querystring" and key in query:
            call.params[name] = _read_query(member, query[key])
        elif place == "header" and key in headers:
            call.params[name] = wire.read_text(member, headers[key])
    if model.service != "s3" and body:
        _read_body(model, shape, call.params, body)


def _read_query(member: Shape, values: list[str]) -> Any:
    if member.type_name == "list":
        return [wire.read_text(member.member, value) for value in values]
    return wire.read_text(member, values[0])


def _read_body(model: Model, shape: Shape, params: dict[str, Any], body: bytes) -> None:
    payload = shape.serialization.get("payload")
    target = shape.members[payload] if payload else shape
    if target.type_name == "blob":
        params[payload] = body
        return
    if model.protocol == "rest-json":
        value = wire.read_json(target, json.loads(body))
    else:
        value = wire.read_xml(target, ElementTree.fromstring(body))  # noqa: S314 - local clients only
    if payload:
        params[payload] = value
    else:
        params.update(value)


def answer(call: Call, result: dict[str, Any] | None) -> Answer:
    """The HTTP answer that boto3 reads `result` from."""
    model, result = load(call.service), result or {}
    if model is None or call.model is None:
        raise TypeError(f"{call.name} is no operation that botocore knows")
    headers = {"x-amzn-RequestId": call.request_id}
    if model.protocol == "json":
        value = wire.write_json(call.model.output_shape, result) if call.model.output_shape else {}
        return Answer(200, headers | _JSON, json.dumps(value).encode())
    if model.protocol == "query":
        return Answer(200, headers | _XML, _query_body(model, call, call.model.output_shape, result))
    status = call.model.http.get("responseCode", 200)
    shape: Shape = call.model.output_shape
    if shape is None:
        return Answer(status, headers, b"")
    for name, member in shape.members.items():
        if member.serialization.get("location") == "header" and result.get(name) is not None:
            key = member.serialization.get("name", name)
            headers[key] = wire.write_text(member, result[name], moments="rfc822")
    payload = shape.serialization.get("payload")
    target, value = (shape.members[payload], result.get(payload)) if payload else (shape, result)
    if value is None or status == 204:
        return Answer(status, headers, b"")
    if model.protocol == "rest-json":
        headers["Content-Type"] = "application/json"
        return Answer(status, headers, json.dumps(wire.write_json(target, value)).encode())
    pieces = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    wire.write_xml(target, value, target.serialization.get("name", payload or shape.name), pieces.append)
    return Answer(status, headers | _XML, "".join(pieces).encode())


def _query_body(model: Model, call: Call, shape: Shape | None, result: dict[str, Any]) -> bytes:
    pieces = [f'<{call.operation}Response xmlns="{model.namespace}">']
    if shape is not None:
        wire.write_xml(shape, result, f"{call.operation}Result", pieces.append)
    pieces.append(f"<ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata>")
    pieces.append(f"</{call.operation}Response>")
    return "".join(pieces).encode()


def refusal(call: Call, no: Refusal) -> Answer:
    """The HTTP answer that boto3 raises as ClientError with the refusal's code and message."""
    headers = {"x-amzn-RequestId": call.request_id}
    model = load(call.service)
    protocol = model.protocol if model and call.service != "s3" else call.service
    if protocol == "rest-json":
        headers |= {"x-amzn-ErrorType": no.code, "Content-Type": "application/json"}
        return Answer(no.status, headers, json.dumps({"message": no.message}).encode())
    sender = "Sender" if no.status < 500 else "Receiver"
    if protocol == "json":
        # CloudWatch spoke the query protocol once; this header keeps its error codes as they were.
        headers |= {"x-amzn-query-error": f"{no.code};{sender}", **_JSON}
        return Answer(no.status, headers, json.dumps({"__type": no.code, "message": no.message}).encode())
    what = f"<Code>{escape(no.code)}</Code><Message>{escape(no.message)}</Message>"
    if protocol == call.service:  # S3 puts its error bare; so do we where the protocol is unknown
        headers["x-amz-request-id"] = call.request_id
        body = f"<Error>{what}<RequestId>{call.request_id}</RequestId></Error>"
        return Answer(no.status, headers | _XML, body.encode())
    namespace = model.namespace if model else ""
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{sender}</Type>{what}</Error>'
        f"<RequestId>{call.request_id}</RequestId></ErrorResponse>"
    )
    return Answer(no.status, headers | _XML, body.encode())
