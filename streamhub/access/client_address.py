"""The address of the client that sent a request: for the audit, the logs and the limits."""

from __future__ import annotations

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address of the connection's other end; "" for a socket without one."""
    return str(request.META.get("REMOTE_ADDR", ""))
