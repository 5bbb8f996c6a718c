"""Refreshes the states of a list's rows together: one request and one query for the whole page."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from streamhub.console.pages import fragments
from streamhub.console.resource_base import ResourceBase
from streamhub.row_ids import row_ids

MAX_ROWS = 200


def fragment(admin: ResourceBase, request: HttpRequest) -> HttpResponse:
    """The state cells of the requested rows (`id`, repeated); htmx replaces each one in place."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    ids = row_ids(request.GET.getlist("id"))[:MAX_ROWS]
    rows_by_id = admin.state_rows().in_bulk(ids)
    rows = [rows_by_id[pk] for pk in ids if pk in rows_by_id]
    poller = admin.poller(rows)
    context = {
        "poller": poller,
        "cells": [admin.state_cell(row, swap=True) for row in rows],
        "gone": [f"state-{admin.opts.model_name}-{pk}" for pk in ids if pk not in rows_by_id],
    }
    html = render_to_string("console/list_states.html", context)
    return fragments.answer(request, poller["version"], html)
