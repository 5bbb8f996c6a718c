"""The states of a list's rows, refreshed together: one request and one query for the whole page."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from streamhub.console.pages import fragments
from streamhub.console.resource_base import ResourceBase

MOST = 200


def fragment(admin: ResourceBase, request: HttpRequest) -> HttpResponse:
    """The cells of the rows asked for (`id`, repeated), each to be put in its place."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    ids = [int(pk) for pk in request.GET.getlist("id") if pk.isdigit()][:MOST]
    found = admin.model._default_manager.defer(*admin.deferred_columns).in_bulk(ids)
    rows = [found[pk] for pk in ids if pk in found]
    now = admin.poller(rows)
    context = {
        "poller": now,
        "cells": [admin.state_cell(row, swap=True) for row in rows],
        "gone": [f"state-{admin.opts.model_name}-{pk}" for pk in ids if pk not in found],
    }
    html = render_to_string("console/list_states.html", context)
    return fragments.answer(request, now["version"], html)
