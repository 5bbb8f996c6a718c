"""What the API's objects have in common: `In` for bodies, `Out` for answers, `Page` for lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from ninja import Schema
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, TypeAdapter

from streamhub.access.paging import LIMIT, MAX_LIMIT

T = TypeVar("T")

_aware = TypeAdapter(AwareDatetime)


class In(Schema):
    """Base of request bodies: unknown fields are refused, and nothing is guessed ("5" is no number)."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Out(Schema):
    """Base of answers: ids may come as numbers and leave as strings."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


def _moment(value: Any) -> Any:
    """An RFC 3339 time with its zone, in UTC."""
    if not isinstance(value, str) or "T" not in value.upper():
        raise ValueError("Send a time such as 2026-11-22T18:30:00Z.")
    return _aware.validate_python(value).astimezone(UTC)


# A time in a request body.
Moment = Annotated[datetime, BeforeValidator(_moment)]


class Paging(Schema):
    """Query of a list; subclass it to add filters, and use it as `Query[…]`."""

    cursor: str | None = Field(None, description="Opaque: follow `next` of the page before.")
    limit: int = Field(LIMIT, ge=1, le=MAX_LIMIT)


class Page(Schema, Generic[T]):
    """One page of a list, newest first; `next` is the URL of the one after it."""

    items: list[T]
    next: str | None


class FieldProblem(Schema):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(Schema):
    """RFC 9457, "Problem Details for HTTP APIs"; members other than the first four as they apply."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field([], description="Bad input, by field (422).")
    state: str | None = Field(None, description="The present state that forbids the call (409).")
    possible: list[str] = Field([], description="What is possible in this state (409).")
    request_id: str | None = Field(None, description="Where to look in the log (500).")
