"""The description of the API and its page: open to everybody, so they cost little.

The description is built once for each process and sent with an ETag; whoever has it gets a 304. Both are
limited for each address, because nobody needs a token for them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from ninja.responses import NinjaJSONEncoder

from streamhub.access import limits, problems
from streamhub.access.client_address import counted_as

View = Callable[..., HttpResponse]


def limited(view: View) -> View:
    """The view, at most `limits.DOCUMENTS` for each address."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        seconds = limits.documents.take(counted_as(request))
        if seconds:
            wait = str(math.ceil(seconds))
            return problems.problem(429, f"Too many requests. Wait {wait} s.", headers={"Retry-After": wait})
        return view(request, *args, **options)

    return wrapper


def description_of(api: Any) -> View:
    """The view of `openapi.json`."""
    built: list[tuple[bytes, str]] = []

    @require_safe
    def view(request: HttpRequest, **_options: Any) -> HttpResponse:
        if not built:
            body = json.dumps(api.get_openapi_schema(), cls=NinjaJSONEncoder).encode()
            built.append((body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'))
        body, etag = built[0]
        known = request.headers.get("If-None-Match", "")
        same = known == "*" or etag in (entry.strip().removeprefix("W/") for entry in known.split(","))
        answer = HttpResponseNotModified() if same else HttpResponse(body, content_type="application/json")
        answer["ETag"] = etag
        patch_cache_control(answer, public=True, max_age=60)
        return answer

    return view
