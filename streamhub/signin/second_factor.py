"""Who must have a second factor, and what they see until they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

GetResponse = Callable[[HttpRequest], HttpResponse]


def is_required(groups: Iterable[str], superuser: bool, required: Iterable[str]) -> bool:
    """Whether a member of these groups needs a second factor. A superuser can do what every group can."""
    required = set(required)
    return bool(required) and (superuser or bool(required & set(groups)))


def is_missing(request: HttpRequest, user: User) -> bool:
    """Whether this user needs one, has none, and did not come through the provider."""
    if not settings.MFA_REQUIRED_GROUPS:
        return False
    groups = user.groups.values_list("name", flat=True) if not user.is_superuser else ()
    if not is_required(groups, user.is_superuser, settings.MFA_REQUIRED_GROUPS):
        return False
    if any(entry["method"] == "socialaccount" for entry in get_authentication_records(request, user)):
        return False
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return not Authenticator.objects.filter(user=user, type__in=kinds).exists()


class SecondFactorMiddleware:
    """Leads those who must have a second factor to the page where they add it, and nowhere else."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._must_add(request):
            messages.warning(request, _("Your role needs a second factor. Add an app or a passkey to go on."))
            return HttpResponseRedirect(reverse("mfa_index"))
        return self._get_response(request)

    def _must_add(self, request: HttpRequest) -> bool:
        free = (
            reverse("signin_root"),
            reverse("admin:logout"),
            reverse("admin:login"),
            reverse("admin:jsi18n"),
        )
        in_admin = request.path.startswith(reverse("admin:index")) and not request.path.startswith(free)
        if not in_admin or not settings.MFA_REQUIRED_GROUPS:
            return False
        return request.user.is_authenticated and is_missing(request, request.user)
