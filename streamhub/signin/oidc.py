"""Signing in through the house's OpenID Connect provider: who may, and with which roles.

The provider's groups decide at each sign-in. Who has none that `OIDC_GROUP_MAP` names gets nothing, whatever
they had before. Local accounts are not touched: they stay for the day the provider is down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from streamhub.access import login_events
from streamhub.signin.options import ADMINISTRATOR

# The attribute of the request that brings `asked_at` to the session that begins.
ASKED_AT = "signin_asked_at"
# What an `auth_time` that is no time counts as.
_NEVER = datetime.fromtimestamp(0, UTC)


def configured() -> bool:
    """Whether there is a provider."""
    return bool(settings.OIDC_SERVER_URL)


@dataclass(frozen=True)
class Roles:
    """What a person's claims give them."""

    groups: frozenset[str]
    superuser: bool

    @property
    def staff(self) -> bool:
        return self.superuser or bool(self.groups)


def roles_of(claimed: Iterable[str], mapping: Mapping[str, str]) -> Roles:
    """The roles of somebody in these groups of the provider, by `OIDC_GROUP_MAP`."""
    roles = {mapping[name] for name in claimed if name in mapping}
    return Roles(frozenset(roles - {ADMINISTRATOR}), ADMINISTRATOR in roles)


def claimed_groups(data: Mapping[str, Any], claim: str) -> list[str]:
    """The groups in userinfo and id token: names or whole numbers, a single one perhaps without a list."""
    found: list[str] = []
    for source in ("userinfo", "id_token"):
        value = (data.get(source) or {}).get(claim)
        listed = value if isinstance(value, list) else [value]
        found += [str(name) for name in listed if type(name) in (str, int) and name != ""]
    return found


def asked_at(data: Mapping[str, Any]) -> datetime | None:
    """When the provider last asked the person, by `auth_time` of the id token; None if it does not say.

    A provider that knows the browser signs people in without asking: that proves nothing about who is there.
    """
    seconds = (data.get("id_token") or {}).get("auth_time")
    try:
        return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return _NEVER


class ProviderAdapter(DefaultSocialAccountAdapter):
    """allauth's hooks for sign-ins through the provider."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """`pre_social_login` has refused everybody without a role."""
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuse who has no role, and give a known user today's roles.

        allauth would also join the provider's person with whoever is signed in here (*connect*), for ever and
        without asking who that is. Raises PermissionDenied for that.
        """
        if sociallogin.state.get("process") != AuthProcess.LOGIN:
            raise PermissionDenied(_("The provider is for signing in, not for an account that is signed in."))
        setattr(request, ASKED_AT, asked_at(sociallogin.account.extra_data))
        roles = _roles(sociallogin)
        if sociallogin.is_existing:
            apply(sociallogin.user, roles, request)
        if not roles.staff:
            who = sociallogin.user.get_username() or sociallogin.account.uid
            login_events.record("refused_by_provider", who, request)
            page = render(request, "signin/no_role.html", {"name": who}, status=403)
            raise ImmediateHttpResponse(page)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, **details: Any
    ) -> None:
        """Who turned back at the provider is at the sign-in again: allauth's page for that is not served."""
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("admin:login")))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """A new user, with the roles of the claims and no password."""
        user: User = super().save_user(request, sociallogin, form)
        apply(user, _roles(sociallogin), request)
        return user


def apply(user: User, roles: Roles, request: HttpRequest) -> None:
    """Give the user exactly these roles, in one transaction's worth of writes."""
    user.is_staff, user.is_superuser = roles.staff, roles.superuser
    user.save(update_fields=["is_staff", "is_superuser"])
    user.groups.set(Group.objects.filter(name__in=roles.groups))
    named = sorted(roles.groups) + ([ADMINISTRATOR] if roles.superuser else [])
    login_events.record("roles_from_provider", user.get_username(), request, roles=named)


def _roles(sociallogin: SocialLogin) -> Roles:
    claimed = claimed_groups(sociallogin.account.extra_data, settings.OIDC_GROUPS_CLAIM)
    return roles_of(claimed, settings.OIDC_GROUP_MAP)
