"""A token that came over plain HTTP is refused, not redirected: it has been seen on the way.

The middleware is above Django's redirect, which would answer it, and so above what gives other answers their
headers.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from streamhub.access import problems
from streamhub.early_problems import HEADERS

GetResponse = Callable[[HttpRequest], HttpResponse]
REFUSAL = (
    "This request came over plain HTTP, so its token could be read on the way. "
    "Send requests to https:// and replace the token."
)


class PlainTokenMiddleware:
    """403 for a call with a token over plain HTTP where only TLS is served (`TLS_ONLY`)."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        plain = settings.TLS_ONLY and not request.is_secure()
        if plain and problems.is_api(request) and "Authorization" in request.headers:
            return problems.problem(403, REFUSAL, headers=dict(HEADERS))
        return self._get_response(request)
