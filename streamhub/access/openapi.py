"""The description of the API, with what is true of every operation added in one place.

Operations declare their success only (`response={202: ChannelOut}`). Which problems each can answer
follows from what it is: those with a token can be refused, those with an id in the path can be
missing, those that change something know conflicts and idempotency keys.
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
    "description": "Makes a repeated request harmless: the same key, method, path and body get the first "
    "answer again, for 24 hours. Unique per service.",
    "schema": {"type": "string", "pattern": idempotency.PATTERN},
}
_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
}


class Description(OpenAPISchema):
    """OpenAPI 3.1 of one API."""

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        details: dict[str, Any] = super().operation_details(operation)
        for status in problem_statuses(operation):
            details["responses"].setdefault(status, self._problem(status))
        if _takes_key(operation):
            details["parameters"].append(_KEY_PARAMETER)
        return details

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        """Bearer, with the scope that the operation needs."""
        security: list[dict[str, Any]] | None = super().operation_security(operation)
        needed = [
            check.needed for check in operation.auth_callbacks if isinstance(check, Bearer) and check.needed
        ]
        return [dict.fromkeys(entry, needed) for entry in security] if security else None

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
    """The problems that an operation of this kind can answer."""
    found = set()
    if operation.auth_callbacks:
        found |= {401, 403, 429, 503}
    if "{" in operation.path:
        found.add(404)
    if _takes_key(operation):
        found |= {409, 422}
    if any(model.__ninja_param_source__ in ("query", "body") for model in operation.models):
        found.add(422)
    return sorted(found)


def _takes_key(operation: Operation) -> bool:
    return bool(operation.auth_callbacks) and bool(set(operation.methods) & set(idempotency.METHODS))
