"""JSON of the API: parsing of requests and rendering of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder

from streamhub.errors import Invalid


class StrictParser(Parser):
    """Accepts standard JSON only, with each name once, and only text that every database can store."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        try:
            body: dict[str, Any] = json.loads(
                request.body, parse_constant=_refuse_constant, object_pairs_hook=_each_name_once
            )
            _refuse_unstorable(body)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        return body

    def parse_querydict(
        self, data: MultiValueDict, list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        query: dict[str, Any] = super().parse_querydict(data, list_fields, request)
        _refuse_unstorable(query)
        return query


class Renderer(JSONRenderer):
    """Renders times as RFC 3339 in UTC, with a Z."""

    class encoder_class(NinjaJSONEncoder):
        def default(self, o: Any) -> Any:
            return super().default(o.astimezone(UTC) if isinstance(o, datetime) else o)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object. Raises Invalid for a name that occurs twice: which of its values counts is a guess."""
    body = dict(pairs)
    if len(body) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        field = twice if _is_storable(twice) else "body"
        raise Invalid({field or "body": _("This name occurs twice in one JSON object.")})
    return body


def _refuse_unstorable(value: Any) -> None:
    errors = {
        ".".join(path) or "body": "NUL and lone surrogates are not allowed." for path in _unstorable(value)
    }
    if errors:
        raise Invalid(errors)


def _unstorable(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of strings with a NUL (not storable in PostgreSQL) or a lone surrogate (not UTF-8)."""
    if isinstance(value, str) and not _is_storable(value):
        yield path
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unstorable(item, (*path, str(index)))
    elif isinstance(value, dict):
        for key, item in value.items():
            if _is_storable(key):
                yield from _unstorable(item, (*path, key))
            else:
                yield path


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
