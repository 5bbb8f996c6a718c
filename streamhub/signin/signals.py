"""Connects Django, django-axes and allauth with our sessions and events."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import authentication_step_completed, password_changed
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from streamhub.access.login_events import record
from streamhub.signin import oidc, sessions, throttle


@receiver(user_logged_in)
def signed_in(sender: Any, request: Any, user: Any, **_others: Any) -> None:
    sessions.begin(request, getattr(request, oidc.ASKED_AT, None))
    records = request.session.get("account_authentication_methods") or []
    record("signed_in", user.get_username(), request, by=[entry["method"] for entry in records])


@receiver(user_logged_out)
def signed_out(sender: Any, request: Any, user: Any, **_others: Any) -> None:
    if user is not None:
        record("signed_out", user.get_username(), request)


@receiver(user_login_failed)
def failed(sender: Any, credentials: Any, request: Any = None, **_others: Any) -> None:
    """A wrong password, whichever page asked for it."""
    account = str(credentials.get("username") or "")
    if request is not None:
        throttle.count_failure(request, account)
    record("sign_in_failed", account, request)


@receiver(authentication_failed)
def wrong_code(sender: Any, request: Any, user: Any, reauthentication: bool = False, **_others: Any) -> None:
    """A wrong code at *Confirm access*. At the sign-in the page counts, passkeys too (`views`)."""
    if reauthentication:
        throttle.count_failure(request, user.get_username())
        record("sign_in_failed", user.get_username(), request, by="second factor")


@receiver(user_locked_out)
def locked_out(sender: Any, request: Any, username: str, **_others: Any) -> None:
    record("locked_out", username or "", request)


@receiver(authentication_step_completed)
def step_completed(sender: Any, request: Any, method: str, user: Any, **details: Any) -> None:
    if details.get("reauthenticated"):
        sessions.prove(request)
        record("confirmed", user.get_username(), request, by=method)


@receiver(authenticator_added)
def factor_added(sender: Any, request: Any, user: Any, authenticator: Any, **_others: Any) -> None:
    record("second_factor_added", user.get_username(), request, kind=authenticator.type)


@receiver(authenticator_removed)
def factor_removed(sender: Any, request: Any, user: Any, authenticator: Any, **_others: Any) -> None:
    record("second_factor_removed", user.get_username(), request, kind=authenticator.type)


@receiver(password_changed)
def changed_password(sender: Any, request: Any, user: Any, **_others: Any) -> None:
    record("password_changed", user.get_username(), request)
