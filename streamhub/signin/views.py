"""The pages of signing in. allauth's views do the work; these add what it leaves to the house."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from allauth.account.views import LoginView, reauthenticate
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import reauthenticate as reauthenticate_by_code
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from requests import RequestException

from streamhub.access import login_events
from streamhub.signin import oidc, sessions, throttle
from streamhub.signin.forms import OwnPasswordForm
from streamhub.signin.options import PROVIDER_ID

View = Callable[..., HttpResponse]


class SignInView(LoginView):
    """Password, passkey, or the house's provider."""

    template_name = "admin/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """A session of somebody who is no longer staff leads nowhere else, so it ends here."""
        if request.user.is_authenticated and not request.user.is_staff:
            logout(request)
        return super().dispatch(request, *args, **options)

    def post(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        account = request.POST.get("username", "")
        return has_to_wait(request, account) or super().post(request, *args, **options)

    def get_context_data(self, **options: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**options)
        context["app_path"] = self.request.get_full_path()
        context["provider"] = provider_of_the_house(self.request)
        context["next"] = self.request.POST.get(REDIRECT_FIELD_NAME) or self.request.GET.get(
            REDIRECT_FIELD_NAME
        )
        return context


class SecondFactorView(AuthenticateView):
    """The code after the password. Guesses count as those of passwords do."""

    def post(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        account = self.stage.login.user.get_username()
        return has_to_wait(request, account) or super().post(request, *args, **options)

    def form_invalid(self, form: Any) -> HttpResponse:
        account = self.stage.login.user.get_username()
        throttle.count_failure(self.request, account)
        login_events.record("sign_in_failed", account, self.request, by="second factor")
        response: HttpResponse = super().form_invalid(form)
        return response


def has_to_wait(request: HttpRequest, account: str) -> HttpResponse | None:
    """429 while this address, or everybody together, has guessed too much for this account; else None."""
    wait = throttle.seconds_to_wait(request, account)
    if not wait:
        return None
    login_events.record("throttled", account, request, seconds=wait)
    return too_many(request, wait)


def guesses_wait(view: View) -> View:
    """A page that asks for password or code of who is signed in: who guesses waits as at the sign-in."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        sent = request.method == "POST" and request.user.is_authenticated
        waits = has_to_wait(request, request.user.get_username()) if sent else None
        return waits or view(request, *args, **options)

    return page


confirm = guesses_wait(reauthenticate)
confirm_by_code = guesses_wait(reauthenticate_by_code)


@guesses_wait
def password_change(request: HttpRequest) -> HttpResponse:
    """The admin's page for one's own password."""
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    page = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse("admin:password_change_done"),
        extra_context=admin.site.each_context(request),
    )
    return cast(HttpResponse, page(request))


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429: wait. It says the same for accounts that do not exist."""
    context = {
        "minutes": max(1, round(seconds / 60)),
        "title": _("Too many attempts"),
        "provider": provider_of_the_house(request),
    }
    answer = render(request, "signin/too_many.html", context, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


def locked(request: HttpRequest, original: Any = None, credentials: Any = None) -> HttpResponse:
    """django-axes' answer for an account that is locked for this address."""
    return too_many(request, int(settings.AXES_COOLOFF_TIME.total_seconds()))


def provider_of_the_house(request: HttpRequest) -> Any:
    """The OIDC provider, or None."""
    return get_adapter().get_provider(request, PROVIDER_ID) if oidc.configured() else None


def to_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Leave for the provider. When it does not answer, local accounts still can sign in."""
    try:
        response: HttpResponse = openid_connect.login(request, provider_id)
    except RequestException as error:
        login_events.record("sign_in_failed", "", request, by="provider", why=type(error).__name__)
        aim = request.GET.get(REDIRECT_FIELD_NAME, "")
        back = reverse("admin:login", query={REDIRECT_FIELD_NAME: aim} if aim else None)
        context = {"title": _("No answer"), "back": back}
        return render(request, "signin/provider_down.html", context, status=502)
    return response


def from_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Back from the provider."""
    response: HttpResponse = openid_connect.callback(request, provider_id)
    return response


@login_required(login_url="admin:login")
def confirm_by_provider(request: HttpRequest) -> HttpResponse:
    """*Confirm access* for people without password and second factor here: the provider asks again."""
    provider = provider_of_the_house(request)
    if provider is None:
        raise Http404(_("There is no provider."))
    context = {
        "provider": provider,
        "next": request.GET.get(REDIRECT_FIELD_NAME, ""),
        # It came back and still has to be asked: the provider let them pass as known.
        "was_not_asked": sessions.signed_in_just_now(request) and not sessions.proved_recently(request),
    }
    return render(request, "signin/confirm_provider.html", context)
