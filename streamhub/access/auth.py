"""Who calls the API, and with which scope: `auth=scope("channels:read")` on every operation."""

from __future__ import annotations

import math

from django.http import HttpRequest
from ninja.errors import AuthenticationError, Throttled
from ninja.security import HttpBearer

from streamhub.access import limits
from streamhub.access.actors import Actor, service_actor
from streamhub.access.models import ApiToken
from streamhub.access.scopes import SCOPES, unknown_scopes
from streamhub.access.services import token_authenticate
from streamhub.errors import Forbidden


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>`; with `needed`, the token must carry that scope."""

    openapi_description = "A token from `manage.py issue_token`. Scopes: " + "; ".join(
        f"`{name}`: {meaning}" for name, meaning in SCOPES.items()
    )

    def __init__(self, needed: str | None = None) -> None:
        super().__init__()
        self.needed = needed

    def __call__(self, request: HttpRequest) -> ApiToken:
        """The caller's token. Raises AuthenticationError, Throttled or Forbidden."""
        token = getattr(request, "_access_token", None) or self._let_in(request)
        if self.needed is not None and self.needed not in token.scopes:
            raise Forbidden(f"The token of {token.service} lacks the scope {self.needed}.")
        return token

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        return token_authenticate(token.strip())

    def _let_in(self, request: HttpRequest) -> ApiToken:
        """Recognise the caller, once per request."""
        token: ApiToken | None = super().__call__(request)
        if token is None:
            _limit(limits.failures, request.META.get("REMOTE_ADDR", ""))
            raise AuthenticationError(message=_what_is_wrong(request))
        _limit(limits.requests, str(token.pk))
        request._access_token = token  # type: ignore[attr-defined]
        return token


def scope(name: str) -> Bearer:
    """The `auth=` of an operation that needs this scope. Raises ValueError if there is no such scope."""
    if unknown_scopes([name]):
        raise ValueError(f"Unknown scope {name!r}; valid scopes: {', '.join(SCOPES)}")
    return Bearer(name)


def actor_of(request: HttpRequest) -> Actor:
    """The service that makes this authenticated request."""
    return service_actor(request.auth)  # type: ignore[attr-defined]


def _limit(limit: limits.Limit, client: str) -> None:
    seconds = limit.take(client)
    if seconds:
        raise Throttled(math.ceil(seconds))


def _what_is_wrong(request: HttpRequest) -> str:
    if "Authorization" not in request.headers:
        return "A token is needed: send `Authorization: Bearer <token>`."
    return "The token is unknown, expired or revoked."
