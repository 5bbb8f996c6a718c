"""JSON as it goes over the wire, both ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder

from streamhub.errors import Invalid


class StrictParser(Parser):
    """Standard JSON only, and only text that every database can store."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(request.body, parse_constant=_no_constant)
        _refuse_unstorable(body)
        return body

    def parse_querydict(
        self, data: MultiValueDict, list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        query: dict[str, Any] = super().parse_querydict(data, list_fields, request)
        _refuse_unstorable(query)
        return query


class Renderer(JSONRenderer):
    """JSON whose times are RFC 3339 in UTC, with a Z."""

    class encoder_class(NinjaJSONEncoder):
        def default(self, o: Any) -> Any:
            return super().default(o.astimezone(UTC) if isinstance(o, datetime) else o)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_unstorable(value: Any) -> None:
    errors = {
        ".".join(where) or "body": "NUL and lone surrogates are no text." for where in _unstorable(value)
    }
    if errors:
        raise Invalid(errors)


def _unstorable(value: Any, where: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the strings that hold a NUL (PostgreSQL) or half a character (UTF-8)."""
    if isinstance(value, str) and not _is_storable(value):
        yield where
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unstorable(item, (*where, str(number)))
    elif isinstance(value, dict):
        for key, item in value.items():
            if _is_storable(key):
                yield from _unstorable(item, (*where, key))
            else:
                yield where


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
