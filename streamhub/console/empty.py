"""What stands where nothing is yet: what would be there, and the next step for who looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from streamhub.console.roles import table


@dataclass(frozen=True)
class Empty:
    """That there is nothing, what it is for, and a button for who may press it, else whom to ask."""

    title: str
    text: str = ""
    url: str = ""
    button: str = ""
    ask: str = ""
    icon: str = "inbox"

    def html(self) -> SafeString:
        return render_to_string("console/empty.html", {"empty": self})


def first_step(
    request: HttpRequest, title: str, text: str, permission: str, url: str, button: str, icon: str = "inbox"
) -> Empty:
    """With the button for who has the permission; the others are told whom to ask."""
    if request.user.has_perm(permission):
        return Empty(title, text, url, button, icon=icon)
    return Empty(title, text, ask=whom_to_ask(permission), icon=icon)


def whom_to_ask(permission: str) -> str:
    """A sentence that names the roles with the permission."""
    holders = [role for role, permissions in table().items() if permission in permissions]
    if not holders:
        return _("Your role may not add one: ask an administrator.")
    return _("Your role may not add one: ask somebody with the role %(roles)s.") % {
        "roles": _(" or ").join(holders)
    }


def of_list(model_admin: Any, request: HttpRequest, *, filtered: bool, first_page: str = "") -> Empty:
    """Of a list without rows. `filtered`: there may be some, which the filter or the search does not find.

    `first_page`: the address of the first page, where this is another one.
    """
    # A library's name of its model is not always one that a person uses.
    names = getattr(model_admin, "verbose_name_plural", model_admin.opts.verbose_name_plural)
    if first_page:
        text = _("The list may have rows on the pages before it.")
        return Empty(_("No rows on this page."), text, first_page, _("First page"), icon="first_page")
    if filtered:
        text = _("No row fits the search and the filters that are chosen.")
        return Empty(
            _("Nothing matches."),
            text,
            "?",
            _("Show all %(names)s") % {"names": names},
            icon="filter_list_off",
        )
    title = _("There are no %(names)s yet.") % {"names": names}
    if not hasattr(model_admin, "creation_form") and not model_admin.has_add_permission(request):
        return Empty(title, model_admin.purpose)
    opts = model_admin.opts
    button = _("Add %(name)s") % {"name": getattr(model_admin, "verbose_name", opts.verbose_name)}
    permission = f"{opts.app_label}.add_{opts.model_name}"
    url = model_admin.add_url()
    return first_step(request, title, model_admin.purpose, permission, url, button)
