"""Fragments that refresh themselves: rendered, compared with what the browser has, sent only if new.

The browser sends the version it shows (`seen`); an unchanged page costs an empty 204. Every fragment
carries a header, so that a login page that came back instead is never put into the page.
"""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

HEADER = "X-StreamHub-Fragment"
MOVING_SECONDS = 3
RESTING_SECONDS = 10


def version(html: str) -> str:
    """A short digest of what is shown."""
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def every(moving: bool) -> int:
    """Seconds between two looks: short while something passes by itself."""
    return MOVING_SECONDS if moving else RESTING_SECONDS


def answer(request: HttpRequest, seen: str, html: str) -> HttpResponse:
    """`html`, or 204 if the browser has this version already."""
    unchanged = request.GET.get("seen") == seen
    response = HttpResponse(status=204) if unchanged else HttpResponse(html)
    response[HEADER] = seen
    add_never_cache_headers(response)
    return response
