"""Base schemas of the API: `Out` for answers, `Page` for lists. `request_bodies` has `In`, for requests."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from django.db.models import TextChoices
from ninja import Schema
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, TypeAdapter, WithJsonSchema

from streamhub.access.paging import CURSOR_PATTERN, LIMIT, MAX_LIMIT

T = TypeVar("T")

_aware = TypeAdapter(AwareDatetime)

# RFC 3339 with a year that is neither a slip of the finger nor near the ends of the calendar, where a time
# has no neighbours in other zones. No leap seconds.
TIME_PATTERN = (
    r"^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


def choices(of: type[TextChoices]) -> WithJsonSchema:
    """How a choice is described: in place, because several enums of the apps share the name `State`."""
    return WithJsonSchema({"type": "string", "enum": list(of.values)})


class Out(Schema):
    """Base of answers: numeric ids become strings."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 2.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# An integer in a request's body.
Whole = Annotated[int, BeforeValidator(_whole)]


def _moment(value: Any) -> Any:
    """An RFC 3339 time with a zone in the years 2000 to 2199, converted to UTC."""
    if not isinstance(value, str) or not re.fullmatch(TIME_PATTERN, value):
        raise ValueError("Send a time of the years 2000 to 2199, such as 2026-11-22T18:30:00Z.")
    return _aware.validate_python(value).astimezone(UTC)


# A time in a request body.
Moment = Annotated[datetime, BeforeValidator(_moment), Field(json_schema_extra={"pattern": TIME_PATTERN})]


class Paging(Schema):
    """Query of a list. Subclass it to add filters, and use it as `Query[…]`."""

    cursor: str | None = Field(
        None,
        description="Opaque. Follow `next` of the previous page.",
        json_schema_extra={"pattern": CURSOR_PATTERN},
    )
    limit: int = Field(LIMIT, ge=1, le=MAX_LIMIT)


class Page(Schema, Generic[T]):
    """One page of a list, newest first. `next` is the URL of the next page."""

    items: list[T]
    next: str | None


class FieldProblem(Schema):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(Schema):
    """RFC 9457, "Problem Details for HTTP APIs". The first four members are always present."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field([], description="Invalid input, by field (422).")
    state: str | None = Field(None, description="The current state, which forbids the call (409).")
    possible: list[str] = Field([], description="What is possible in this state (409).")
    request_id: str | None = Field(None, description="The id under which the log has the details (500).")
