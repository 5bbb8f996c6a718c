"""The OpenAPI description, with everything that operations have in common.

Operations declare only their success (`response={202: ChannelOut}`). Their problems follow from their kind:
operations with a token can be refused, those with an id in the path can answer 404, and those that change
something can conflict and take an idempotency key.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.schema import NinjaGenerateJsonSchema

from streamhub.access import idempotency, problems
from streamhub.access.auth import Bearer
from streamhub.access.schemas import Problem

_REF = "#/components/schemas/{model}"

_KEY_PARAMETER = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": False,
    "description": "Makes it safe to repeat a request: for 24 hours, the same key, method, path and body get "
    "the first answer again, and with another path or body 422. Keys are unique per service: they belong to "
    "a token, those that replace it, and those that its owner has issued for the same service.",
    "schema": {"type": "string", "pattern": idempotency.PATTERN},
}
_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
}


class Description(OpenAPISchema):
    """The OpenAPI 3.1 description of one API."""

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        details: dict[str, Any] = super().operation_details(operation)
        for status in problem_statuses(operation):
            details["responses"].setdefault(status, self._problem(status))
        if _takes_key(operation):
            details["parameters"].append(_KEY_PARAMETER)
        return details

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        """The bearer scheme, with the scope that the operation needs."""
        security: list[dict[str, Any]] | None = super().operation_security(operation)
        needed = [
            check.needed for check in operation.auth_callbacks if isinstance(check, Bearer) and check.needed
        ]
        return [dict.fromkeys(entry, needed) for entry in security] if security else None

    def add_schema_definitions(self, definitions: dict[str, Any]) -> None:
        """Raises ValueError if two schemas have one name: the second would describe the first wrongly."""
        for name, definition in definitions.items():
            if self.schemas.setdefault(name, definition) != definition:
                raise ValueError(f"Two schemas of the API are named {name}.")

    def _problem(self, status: int) -> dict[str, Any]:
        schema = Problem.model_json_schema(ref_template=_REF, schema_generator=NinjaGenerateJsonSchema)
        self.add_schema_definitions(schema.pop("$defs"))
        self.add_schema_definitions({"Problem": schema})
        content = {problems.MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
        answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": content}
        if status in _HEADERS:
            answer["headers"] = _HEADERS[status]
        return answer


def problem_statuses(operation: Operation) -> list[int]:
    """The statuses of the problems that this operation can answer with."""
    statuses = set()
    if operation.auth_callbacks:
        statuses |= {400, 401, 403, 408, 414, 415, 429, 431, 503}
    if "{" in operation.path:
        statuses.add(404)
    if _takes_key(operation):
        statuses |= {409, 411, 413, 422}
    if any(model.__ninja_param_source__ in ("query", "body") for model in operation.models):
        statuses.add(422)
    return sorted(statuses)


def _takes_key(operation: Operation) -> bool:
    return bool(operation.auth_callbacks) and bool(set(operation.methods) & set(idempotency.METHODS))
