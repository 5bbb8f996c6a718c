"""Problems of requests that Django's middleware never sees, with the headers that it gives others."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

# As in the settings; a problem loads nothing, so its policy allows nothing.
HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)


def early_problem(status: HTTPStatus, detail: str, **members: Any) -> tuple[list[tuple[str, str]], bytes]:
    """The headers and the body. `members` are added to the four that every problem has."""
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    body = json.dumps({**problem, **members}).encode()
    own = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    return [*own, *HEADERS], body
