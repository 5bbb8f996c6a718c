"""Authentication of API calls, with scopes: `auth=scope("channels:read")` on every operation."""

from __future__ import annotations

import math

from django.http import HttpRequest
from ninja.errors import AuthenticationError, Throttled
from ninja.security import HttpBearer

from streamhub.access import limits
from streamhub.access.actors import Actor, service_actor
from streamhub.access.client_address import counted_as
from streamhub.access.models import ApiToken
from streamhub.access.scopes import SCOPES, unknown_scopes
from streamhub.access.services import token_authenticate
from streamhub.errors import Forbidden


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>`. With `needed`, the token must have that scope."""

    openapi_description = "A token from `manage.py issue_token`. Scopes: " + "; ".join(
        f"`{name}`: {meaning}" for name, meaning in SCOPES.items()
    )

    def __init__(self, needed: str | None = None) -> None:
        super().__init__()
        self.needed = needed

    def __call__(self, request: HttpRequest) -> ApiToken:
        """The caller's token. Raises AuthenticationError, Throttled or Forbidden."""
        token = getattr(request, "_access_token", None) or self._authenticate_once(request)
        if self.needed is not None and self.needed not in token.scopes:
            raise Forbidden(f"The token of {token.service} lacks the scope {self.needed}.")
        return token

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        return token_authenticate(token.strip())

    def _authenticate_once(self, request: HttpRequest) -> ApiToken:
        """Authenticate the caller and keep the token on the request."""
        token: ApiToken | None = super().__call__(request)
        if token is None:
            _limit(limits.failures, counted_as(request))
            raise AuthenticationError(message=_failure_message(request))
        _limit(limits.requests, str(token.pk))
        request._access_token = token  # type: ignore[attr-defined]
        return token


def scope(name: str) -> Bearer:
    """The `auth=` of an operation that needs this scope. Raises ValueError for an unknown scope."""
    if unknown_scopes([name]):
        raise ValueError(f"Unknown scope {name!r}; valid scopes: {', '.join(SCOPES)}")
    return Bearer(name)


def actor_of(request: HttpRequest) -> Actor:
    """The service that sent this authenticated request."""
    return service_actor(request.auth)  # type: ignore[attr-defined]


def _limit(limit: limits.Limit, client: str) -> None:
    seconds = limit.take(client)
    if seconds:
        raise Throttled(math.ceil(seconds))


def _failure_message(request: HttpRequest) -> str:
    if "Authorization" not in request.headers:
        return "A token is needed: send `Authorization: Bearer <token>`."
    return "The token is unknown, expired or revoked, or its owner is deactivated."
