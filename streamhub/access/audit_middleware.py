"""Tells the audit where a request comes from, and writes what was refused once the response is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from streamhub.access import audit
from streamhub.access.actors import Actor, service_actor, staff_actor
from streamhub.access.origin import Origin, coming_from

_SAFE = ("GET", "HEAD", "OPTIONS")
_REFUSED = (HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT)


class AuditMiddleware:
    """Below the middleware of users and request ids: it uses both."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with coming_from(Origin(request.META.get("REMOTE_ADDR", ""), lambda: sender_of(request))) as where:
            response = self._get_response(request)
            refused = response.status_code in _REFUSED and request.method not in _SAFE
            # Who was not recognised has the request's line in the log: anybody can send thousands.
            if refused and not where.refusals and where.actor() is not None:
                audit.refuse(_name_of(request), None, _reason(response))
            if where.refusals:
                audit.write_refusals(where.refusals)
        return response


def sender_of(request: HttpRequest) -> Actor | None:
    """The service or the member of the staff that sent the request; None if nobody was recognised."""
    if token := getattr(request, "_access_token", None):
        return service_actor(token)
    user = getattr(request, "user", None)
    return staff_actor(user) if user is not None and user.is_authenticated else None


def _name_of(request: HttpRequest) -> str:
    """What was asked for, of a request that was refused before any verb: the name of its view."""
    match = request.resolver_match
    return match.view_name or match.route if match else "unknown"


def _reason(response: HttpResponse) -> str:
    """The sentence of a problem; of a page its status."""
    if response.get("Content-Type", "").startswith("application/problem+json"):
        return str(json.loads(response.content)["detail"])
    return HTTPStatus(response.status_code).phrase
