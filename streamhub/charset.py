"""Requests in UTF-8 only.

Django decodes the query string with the charset of `Content-Type`, while it makes the request and before any
middleware. Python knows "charsets" that are no text ("hex", "base64"), and a header may be no header at all:
both would end in a 500.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.utils.http import parse_header_parameters

from streamhub.early_problems import early_problem

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
_DETAIL = "Send UTF-8, and a Content-Type such as application/json."


def utf8_only(application: Application) -> Application:
    """The WSGI application; a request that says that it is in another charset gets a 415."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if is_utf8(environ.get("CONTENT_TYPE", "")):
            return application(environ, start_response)
        return _refuse(start_response)

    return answer


def is_utf8(content_type: str) -> bool:
    """Whether the header is one, and names no other charset than UTF-8 (or ASCII, which is part of it)."""
    try:
        _kind, parameters = parse_header_parameters(content_type)
        return codecs.lookup(parameters.get("charset") or "utf-8").name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        return False


def _refuse(start_response: Any) -> list[bytes]:
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    errors = [{"field": "Content-Type", "detail": _DETAIL}]
    headers, body = early_problem(status, f"Content-Type: {_DETAIL}", errors=errors)
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
