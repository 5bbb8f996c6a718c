"""Probes are answered first: they come over plain HTTP, by address and not by name, and follow no redirect.

A load balancer or a container's health check sends whatever it likes as `Host`. These two answers say
nothing that depends on it, so they must not fail on `ALLOWED_HOSTS`.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class ProbeMiddleware:
    """Answers `/livez` and `/readyz` before any other middleware looks at the request."""

    def __init__(self, get_response: GetResponse) -> None:
        from streamhub import health

        self._get_response = get_response
        self._probes: dict[str, GetResponse] = {"/livez": health.livez, "/readyz": health.readyz}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = self._probes.get(request.path_info)
        if probe is not None and request.method in ("GET", "HEAD"):
            return probe(request)
        return self._get_response(request)
