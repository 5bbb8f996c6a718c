"""Asks again who is there, before something that cannot be undone or that gives rights away.

Never before *Stop*: what saves money or a show asks for nothing.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from streamhub.signin import oidc
from streamhub.signin.sessions import proved_recently


def ask_again(request: HttpRequest, back: str) -> HttpResponse | None:
    """A redirect to *Confirm access*, which leads on to `back`; None if that was done lately.

    Nothing of a form is kept: `back` is the page that asks, so nobody confirms what they do not see.
    """
    if proved_recently(request):
        return None
    methods = get_adapter().get_reauthentication_methods(request.user)
    query = {REDIRECT_FIELD_NAME: back}
    if methods:
        return HttpResponseRedirect(f"{methods[0]['url']}?{urlencode(query)}")
    if oidc.configured():
        return HttpResponseRedirect(f"{reverse('signin_confirm_provider')}?{urlencode(query)}")
    return HttpResponseRedirect(f"{reverse('admin:login')}?{urlencode(query)}")
