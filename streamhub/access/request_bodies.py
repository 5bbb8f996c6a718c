"""`In`: the base of request bodies. A refusal names all fields that are wrong, whoever notices it.

The types are pydantic's business, the values the services'. A value of a wrong type keeps nobody from judging
the other fields, so the caller learns everything in one answer.

What is sent to an operation that takes no body is not read, but has to be JSON all the same (`well_formed`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cache, wraps
from typing import Any, Self

from django.http import HttpRequest
from ninja import Schema
from ninja.errors import HttpError
from ninja.parser import Parser
from pydantic import ConfigDict, ModelWrapValidatorHandler, ValidationError, create_model, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from streamhub.errors import Invalid

_STRICT = ConfigDict(extra="ignore", strict=True)
REFUSED = "refused"


class In(Schema):
    """Base of request bodies: unknown fields are refused, and values are not converted ("5" is no number)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @classmethod
    def problems(cls, given: Mapping[str, Any], unread: frozenset[str]) -> Mapping[str, str]:
        """What the service would refuse of the fields that were sent and could be read, by field.

        Asked only when others, `unread`, could not be read or are missing: else the service is asked itself.
        """
        return {}

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(values)
        except ValidationError as error:
            if not isinstance(values, Mapping):
                raise
            unread = frozenset(str(line["loc"][0]) for line in error.errors() if line["loc"])
            found = cls.problems(_read(cls, values, unread), unread)
            more = [_line(name, text) for name, text in found.items() if name.split(".")[0] not in unread]
            if not more:
                raise
            lines = [_again(line) for line in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, [*lines, *more]) from None


def _read(body: type[In], values: Mapping[str, Any], unread: frozenset[str]) -> dict[str, Any]:
    """The fields that were sent and can be read, as the service gets them."""
    sent = {name: value for name, value in values.items() if name not in unread}
    return _optional(body)(**sent).model_dump(exclude_unset=True)


@cache
def _optional(body: type[In]) -> type[Schema]:
    """The body with no field required."""
    fields: dict[str, Any] = {}
    for name, info in body.model_fields.items():
        field = copy(info)
        field.default, field.default_factory = None, None
        fields[name] = (info.annotation, field)
    base = type("Read", (Schema,), {"model_config": _STRICT, "__module__": __name__})
    return create_model(f"{body.__name__}Read", __base__=base, **fields)


def _again(line: Any) -> InitErrorDetails:
    """One of pydantic's errors as it takes them. An object in the body has said its own already."""
    if line["type"] == REFUSED:
        return _line(".".join(map(str, line["loc"])), line["msg"])
    return {"type": line["type"], "loc": line["loc"], "input": line["input"], "ctx": line.get("ctx", {})}


def _line(name: str, text: str) -> InitErrorDetails:
    # The text is a value of the message, so that braces in it are kept.
    return {
        "type": PydanticCustomError(REFUSED, "{text}", {"text": text}),
        "loc": tuple(name.split(".")),
        "input": None,
    }


def well_formed(parser: Parser, operation: Callable[..., Any]) -> Callable[..., Any]:
    """Ninja "operation" decorator: a body that the operation does not take is empty or JSON, else 422.

    A caller whose body was cut off or spoiled on its way learns of it whatever it called. A form in parts is
    left alone: some clients send an empty one without being asked.
    """

    @wraps(operation)
    def run(request: HttpRequest, **arguments: Any) -> Any:
        read = any(isinstance(value, In) for value in arguments.values())
        is_form = request.content_type == "multipart/form-data"
        if request.method not in ("GET", "HEAD") and not read and not is_form and request.body:
            try:
                parser.parse_body(request)
            except (ValueError, Invalid) as error:  # answered as for a body that ninja reads
                raise HttpError(400, str(error)) from error
        return operation(request, **arguments)

    return run
