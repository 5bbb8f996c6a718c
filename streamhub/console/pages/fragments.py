"""Self-refreshing fragments, sent only if they differ from what the browser shows.

The browser sends the version that it shows (`If-None-Match`) and gets an empty 304 if nothing changed. A
header marks every fragment, so that the script never inserts a login or error page.

Fragments are compressed, pages are not. Who can put text into a compressed answer and see its length can
guess what else is in it (BREACH). Three things prevent that here: only requests with htmx's own header are
answered compressed, and no other site can send it in a user's name; no fragment holds a form's token; and
the length of each answer is random by up to `HIDING_BYTES` (docs/adr/0032).
"""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.text import compress_string

HEADER = "X-StreamHub-Fragment"
MOVING_SECONDS = 3
RESTING_SECONDS = 10
HIDING_BYTES = 100
# Below this, the header of the compression costs more than it saves.
WORTH_COMPRESSING = 400


def version(html: str) -> str:
    """A short digest of the HTML."""
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def every(moving: bool) -> int:
    """The refresh interval in seconds: short while a state is moving."""
    return MOVING_SECONDS if moving else RESTING_SECONDS


def answer(request: HttpRequest, current: str, html: str) -> HttpResponse:
    """`html`, or 304 if the browser already shows the version `current`."""
    response = HttpResponse(status=304) if _shows(request, current) else HttpResponse(html)
    response[HEADER] = current
    response["ETag"] = f'W/"{current}"'
    add_never_cache_headers(response)
    patch_vary_headers(response, ("Accept-Encoding", "HX-Request"))
    if _may_compress(request) and len(response.content) >= WORTH_COMPRESSING:
        response.content = compress_string(response.content, max_random_bytes=HIDING_BYTES)
        response["Content-Encoding"] = "gzip"
    return response


def _shows(request: HttpRequest, current: str) -> bool:
    seen = request.headers.get("If-None-Match", "")
    return current in {tag.strip().removeprefix("W/").strip('"') for tag in seen.split(",")}


def _may_compress(request: HttpRequest) -> bool:
    by_the_console = request.headers.get("HX-Request") == "true"
    return by_the_console and "gzip" in request.headers.get("Accept-Encoding", "")
