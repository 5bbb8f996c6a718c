"""The rows of a list, as its query string filters and sorts them, for the refresh."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from streamhub.console.pages import fragments


def fragment(admin: Any, request: HttpRequest) -> HttpResponse:
    """The list's rows. The browser puts each in its place and keeps what is selected (`refresh.js`)."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    try:
        listed = admin.get_changelist_instance(request)
    except IncorrectLookupParameters:
        raise BadRequest(_("The list has no such filter.")) from None
    listed.formset = None
    table = render_to_string("console/list_table.html", {"cl": listed, "opts": admin.opts}, request=request)
    poller = admin.poller(listed, request)
    current = fragments.version(f"{poller['read_at']} {table}")
    context = {"cl": listed, "table": table, "poller": {**poller, "version": current}}
    return fragments.answer(request, current, render_to_string("console/list_rows.html", context))
