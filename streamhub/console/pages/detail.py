"""The page of one object: state, verbs, error, facts, panels and timeline. All of it refreshes itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.template.response import TemplateResponse

from streamhub.access.audit import kind_of
from streamhub.alerts import alarms
from streamhub.console import banner
from streamhub.console.audited_forms import VIEW_PERMISSION, audit_url
from streamhub.console.pages import fragments
from streamhub.console.resource_base import ResourceBase
from streamhub.console.timeline import timeline
from streamhub.console.verbs import Offer


def page(admin: ResourceBase, request: HttpRequest, object_id: str) -> HttpResponse:
    """GET only: the page has no form."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    row = admin.found(request, object_id)
    if row is None:
        return admin.gone(request, object_id)
    context = admin.page_context(request, row, title=str(row), live=_live(admin, request, row))
    return TemplateResponse(request, "console/detail.html", context)


def fragment(admin: ResourceBase, request: HttpRequest, object_id: int) -> HttpResponse:
    """The page's content alone, for the refresh, or a note that the object was deleted."""
    row = admin.found(request, object_id)
    if row is None:
        kind, pk = admin.transition_kind(), object_id
        context = {"kind": kind, "list_url": admin.url("changelist"), "timeline": timeline(kind, pk)}
        return fragments.answer(request, "gone", render_to_string("console/gone.html", context))
    live = _live(admin, request, row)
    return fragments.answer(request, live["version"], render_to_string("console/live.html", {"live": live}))


def _live(admin: ResourceBase, request: HttpRequest, row: Any) -> dict[str, Any]:
    """The rendered content, its version, and the refresh interval in seconds."""
    badge = admin.badge(row)
    offers = admin.offers(request, row)
    seen = alarms.of(row, request.user)
    context = {
        "row": row,
        "error": admin.error_of(row),
        "read_at": admin.read_at(row),
        "kind": admin.transition_kind(),
        "icon": admin.icon,
        "badge": badge,
        "word": badge.word or admin.state(row),
        "since": admin.since(row),
        "headline": admin.headline(row),
        "alarms": seen,
        "count": len(seen),
        "may": banner.verbs_of(request),
        "here_url": admin.url("change", row.pk),
        "offers": offers,
        "refused": refused(offers),
        "links": admin.links(request, row),
        "sections": admin.facts(request, row),
        "panels": admin.panels(request, row),
        "timeline": timeline(admin.transition_kind(), row.pk) if admin.has_timeline else None,
        "audit_url": _audit_url(admin, request, row),
    }
    content = render_to_string("console/object.html", context, request=request)
    return {
        "content": content,
        "version": fragments.version(content),
        "url": admin.url("live", row.pk),
        "every": fragments.every(badge.moving),
    }


def refused(offers: Sequence[Offer]) -> list[tuple[str, list[str]]]:
    """Why verbs are not possible now, each reason once, with the labels of its verbs."""
    reasons: dict[str, list[str]] = {}
    for offer in offers:
        if offer.reason:
            reasons.setdefault(offer.reason, []).append(str(offer.verb.label))
    return list(reasons.items())


def _audit_url(admin: ResourceBase, request: HttpRequest, row: Any) -> str:
    """The audit's entries about the object; "" for those who may not see them."""
    return audit_url(kind_of(admin.model), row.pk) if request.user.has_perm(VIEW_PERMISSION) else ""
