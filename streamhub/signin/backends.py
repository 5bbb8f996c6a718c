"""Local accounts: Django's passwords behind django-axes' lockout."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from streamhub.access.client_address import counted_as


class LocalBackend(AxesStandaloneBackend, ModelBackend):
    """One backend for the lockout, the password, the session's user and the permissions.

    A deactivated user's session ends with the next request: `get_user` gives nobody then.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **others: Any,
    ) -> User | None:
        """The user, or None. Raises PermissionDenied if the account is locked for this address."""
        if request is not None:  # without one it is code on this machine, which nobody guesses from
            AxesStandaloneBackend.authenticate(self, request, username, password, **others)
        user: User | None = ModelBackend.authenticate(self, request, username, password, **others)
        return user


def axes_address(request: HttpRequest) -> str:
    """The client's address for django-axes, which locks by it: of IPv6 its network's."""
    return counted_as(request)


def axes_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str | None:
    """The account for django-axes, which stores it. Of a name that nobody has only a digest.

    It may be a password, typed into the wrong field. Attempts at such a name are locked like others.
    """
    name = (credentials or request.POST).get("username")
    if not name or User.objects.filter(username=name).exists():
        return name
    return salted_hmac("streamhub.signin.axes_name", name, algorithm="sha256").hexdigest()
