"""Where one lands after signing in: the page that was asked for, if there is one, else the dashboard.

After a form whose session had ended it is the page with that form, where the browser gives back what was
typed (`console/kept.js`); the address that the form was sent to may be no page.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from streamhub.signin.views import SignInView

_sign_in = SignInView.as_view()

# Pages of the admin that nobody signs in for.
_NO_AIM = ("login", "logout")


class BackToTheFormMiddleware:
    """Sends whoever sent a form without a session back to the page with the form, by the sign-in page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self._get_response(request)
        if request.method != "POST" or request.path == reverse("admin:login"):
            return answer
        refused = answer.headers.get("Location", "").startswith(f"{reverse('admin:login')}?")
        page = request.headers.get("Referer", "")
        if not refused or request.user.is_authenticated or not leads_to_a_page(request, page):
            return answer
        parts = urlsplit(page)
        return redirect_to_login(f"{parts.path}?{parts.query}" if parts.query else parts.path, "admin:login")


@never_cache
def login(request: HttpRequest) -> HttpResponse:
    """The admin's login. A `next` that leads nowhere, or away from here, is replaced by the dashboard."""
    for name, query in (("GET", request.GET), ("POST", request.POST)):
        if REDIRECT_FIELD_NAME in query and not leads_to_a_page(request, query[REDIRECT_FIELD_NAME]):
            changed = query.copy()
            changed[REDIRECT_FIELD_NAME] = reverse("admin:index")
            setattr(request, name, changed)
    answer: HttpResponse = _sign_in(request)
    return answer


def leads_to_a_page(request: HttpRequest, url: str) -> bool:
    """Whether the URL is one of a page of this admin."""
    here = {request.get_host()}
    if not url_has_allowed_host_and_scheme(url, here, require_https=request.is_secure()):
        return False
    path = unquote(urlsplit(url).path)
    return _is_page(path) or _is_page(f"{path}/")


def _is_page(path: str) -> bool:
    try:
        match = resolve(path)
    except Resolver404:
        return False
    # The admin's last pattern catches everything under it; its argument is `url`.
    return match.namespaces == ["admin"] and match.url_name not in _NO_AIM and "url" not in match.kwargs
