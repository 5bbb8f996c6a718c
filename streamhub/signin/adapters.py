"""allauth's hooks for local accounts and second factors."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from streamhub.access.client_address import counted_as
from streamhub.sealing import seal, unseal


class AccountAdapter(DefaultAccountAdapter):
    """No sign-up, no mail, and only staff."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse | None:
        """Every way in ends here: who is not staff has nothing to do here."""
        if user.is_active and not user.is_staff:
            messages.error(
                request, _("This account is not one of the staff. Ask an administrator for a role.")
            )
            return HttpResponseRedirect(reverse("admin:login"))
        response: HttpResponse | None = super().pre_login(request, user, **options)
        return response

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth would lock an account for everybody; `throttle` and django-axes limit attempts here."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """StreamHub sends no mail about accounts; it has no page that promises one."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address by which allauth limits: of IPv6 its network's."""
        return counted_as(request)

    def add_message(self, request: HttpRequest, level: int, *args: Any, **options: Any) -> None:
        """No "signed in as": the page says it."""
        if options.get("message_template") not in _OBVIOUS and (not args or args[0] not in _OBVIOUS):
            super().add_message(request, level, *args, **options)


_OBVIOUS = ("account/messages/logged_in.txt", "account/messages/logged_out.txt")


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of apps and recovery codes are stored encrypted with a key made from SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        return seal("mfa", text)

    def decrypt(self, encrypted_text: str) -> str:
        """Raises InvalidToken if SECRET_KEY changed and the old one is not in SECRET_KEY_FALLBACKS."""
        return unseal("mfa", encrypted_text)

    def get_totp_issuer(self) -> str:
        return f"StreamHub {settings.STREAMHUB_ENVIRONMENT}"
