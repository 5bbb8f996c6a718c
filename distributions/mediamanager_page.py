"""The MediaManager page: the shared distribution's configuration and what it means. Changes nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from distributions import explain
from distributions.mediamanager import (
    LOOK_PERMISSION,
    UNSET,
    mediamanager,
    mediamanager_look,
    mediamanager_register,
)
from distributions.models import Distribution
from streamhub.access.actors import staff_actor
from streamhub.console.pages import fragments
from streamhub.console.resource import ResourceAdmin
from streamhub.errors import NotPossible

PAGE = "distributions_mediamanager"


def urls(model_admin: ResourceAdmin) -> list[Any]:
    """The page, its fragment, and the request to read it again. `model_admin`: that of distributions."""
    return [
        path("mediamanager/", model_admin.own(page), name=PAGE),
        path("mediamanager/live/", model_admin.own(fragment), name=f"{PAGE}_live"),
        path("mediamanager/look/", model_admin.own(look), name=f"{PAGE}_look"),
    ]


def page(model_admin: ResourceAdmin, request: HttpRequest) -> HttpResponse:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    row = mediamanager()
    context = model_admin.page_context(
        request,
        title="MediaManager",
        opts=None,  # in the navigation the page is beside the list of distributions, not below it
        original=None,
        model_admin=None,
        content_title="MediaManager",
        live=_live(model_admin, row),
        row=row,
        configured=bool(settings.MEDIAMANAGER_DISTRIBUTION_ID),
        may_look=request.user.has_perm(LOOK_PERMISSION),
        look_url=reverse(f"admin:{PAGE}_look"),
        row_url=row and model_admin.url("change", row.pk),
        raw_url=row and model_admin.url("configuration", row.pk),
    )
    return TemplateResponse(request, "distributions/mediamanager.html", context)


def fragment(model_admin: ResourceAdmin, request: HttpRequest) -> HttpResponse:
    """The page's content alone, for refreshing it."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    live = _live(model_admin, mediamanager())
    return fragments.answer(request, live["version"], render_to_string("console/live.html", {"live": live}))


def look(model_admin: ResourceAdmin, request: HttpRequest) -> HttpResponse:
    """POST: have a worker read the distribution again."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perm(LOOK_PERMISSION):
        raise PermissionDenied(gettext("Your role may not have CloudFront read again."))
    try:
        row = mediamanager_register()
    except NotPossible as refused:
        messages.error(request, refused.detail)
    else:
        if row is None:
            messages.error(request, UNSET)
        else:
            mediamanager_look(row, who=staff_actor(request.user))  # type: ignore[arg-type]
            messages.success(
                request,
                _("A worker will read %(aws_distribution_id)s again.")
                % {"aws_distribution_id": row.aws_distribution_id},
            )
    return HttpResponseRedirect(reverse(f"admin:{PAGE}"))


def _live(model_admin: ResourceAdmin, row: Distribution | None) -> dict[str, Any]:
    buckets = explain.Buckets(settings.RECORDING_BUCKET, settings.MEDIA_BUCKET)
    config = row and row.config
    context = {
        "row": row,
        "wanted": settings.MEDIAMANAGER_DISTRIBUTION_ID,
        "badge": row and model_admin.badge(row),
        "state": row and model_admin.state(row),
        "buckets": buckets,
        "groups": explain.groups(config, buckets) if config else [],
        "missing": explain.missing(config, buckets) if config else [],
    }
    content = render_to_string("distributions/mediamanager_live.html", context)
    waiting = bool(row and (row.config_requested or row.observe_requested))
    return {
        "content": content,
        "version": fragments.version(content),
        "url": reverse(f"admin:{PAGE}_live"),
        "every": fragments.every(waiting),
    }
