"""The log lines of requests: with the client's address, and the names in the query without their values."""

from __future__ import annotations

import structlog
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils.http import urlencode
from django_structlog.middlewares import RequestMiddleware

HIDDEN = "-"


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's, which would log whole queries and believe every header about the address."""

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """`REMOTE_ADDR`, which `access.client_address` has set."""
        structlog.contextvars.bind_contextvars(ip=request.META.get("REMOTE_ADDR", ""))

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method, path, and the names in the query: a value can be a secret, or a person's search."""
        try:
            names = list(request.GET)
        except SuspiciousOperation:
            names = ["too_many"]
        query = urlencode(dict.fromkeys(names, HIDDEN))
        return f"{request.method} {request.path}{'?' if query else ''}{query}"
