"""Health probes, answered before any other middleware that looks at the request.

A load balancer or container probes over plain HTTP, with any `Host`, and follows no redirect. The answers
do not depend on the host, so `ALLOWED_HOSTS` and the redirect to HTTPS (`SECURE_REDIRECT_EXEMPT`) must not
apply to them.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class ProbeMiddleware:
    """Answers `/livez` and `/readyz`; above it is only what gives answers their headers."""

    def __init__(self, get_response: GetResponse) -> None:
        from streamhub import health

        self._get_response = get_response
        self._probes: dict[str, GetResponse] = {"/livez": health.livez, "/readyz": health.readyz}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = self._probes.get(request.path_info)
        return self._get_response(request) if probe is None else probe(request)
