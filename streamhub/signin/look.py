"""Gives allauth's pages what the admin's templates need."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _


def context(request: HttpRequest) -> dict[str, Any]:
    """The admin's context for pages of signing in; nothing for others, which have it already.

    An address refused before anybody is known (odd_requests.py) gets none either: its page is a plain one.
    """
    if not hasattr(request, "user") or not request.path.startswith(
        (reverse("signin_root"), reverse("admin:login"))
    ):
        return {}
    return {**admin.site.each_context(request), "title": _("Your account")}


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """Unfold's menu under the user's name."""
    return [{"title": _("Second factor and passkeys"), "link": reverse("mfa_index")}]
