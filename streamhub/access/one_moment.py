"""A page that only reads asks the database once what time it is, and all that it says is of that moment."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from streamhub.clock import one_moment


class OneMomentMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return self._get_response(request)
        with one_moment():
            return self._get_response(request)
