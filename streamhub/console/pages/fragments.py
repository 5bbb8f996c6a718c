"""Self-refreshing fragments, sent only if they differ from what the browser shows.

The browser sends the version it shows (`seen`) and gets an empty 204 if nothing changed. A header marks
every fragment, so that the script never inserts a login or error page.
"""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

HEADER = "X-StreamHub-Fragment"
MOVING_SECONDS = 3
RESTING_SECONDS = 10


def version(html: str) -> str:
    """A short digest of the HTML."""
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def every(moving: bool) -> int:
    """The refresh interval in seconds: short while a state is moving."""
    return MOVING_SECONDS if moving else RESTING_SECONDS


def answer(request: HttpRequest, current: str, html: str) -> HttpResponse:
    """`html`, or 204 if the browser already shows the version `current`."""
    unchanged = request.GET.get("seen") == current
    response = HttpResponse(status=204) if unchanged else HttpResponse(html)
    response[HEADER] = current
    add_never_cache_headers(response)
    return response
