"""The page *Quotas* and its tile: what the account may have, what it has, and who waits."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.console.badges import Badge, Tone
from streamhub.console.navigation import Entry
from streamhub.console.tiles import Figure, Tile
from streamhub.quotas.models import Level
from streamhub.quotas.standing import Source, Standing, standings

PAGE = "quotas"
VIEW = "quotas.view_quota"
BADGES = {
    Level.ENOUGH: Badge(Tone.GOOD, "check_circle"),
    Level.LITTLE: Badge(Tone.WARN, "warning"),
    Level.FULL: Badge(Tone.BAD, "block"),
}
SOURCES = {
    Source.SERVICE_QUOTAS: _("Service Quotas"),
    Source.SETTING: _("the setting AWS_QUOTAS"),
    Source.DEFAULT: _("AWS's default"),
}


def page(request: HttpRequest) -> HttpResponse:
    """GET only: the page changes nothing."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied(gettext("Your role may not see quotas."))
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    found = standings()
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    context = {
        **admin.site.each_context(request),
        "title": "Quotas",
        "lines": [_line(standing) for standing in found],
        "unread": _unread(found),
    }
    return TemplateResponse(request, "quotas/quotas.html", context)


def _line(standing: Standing) -> dict[str, Any]:
    level = Level.ENOUGH if standing.headroom is None else standing.level
    badge = Badge(Tone.CALM, "help") if standing.headroom is None else BADGES[level]
    return {
        "standing": standing,
        "badge": badge,
        "word": gettext("not counted yet") if standing.headroom is None else level.value,
        "source": SOURCES[standing.source],
    }


def _unread(found: list[Standing]) -> list[tuple[str, str]]:
    """Why limits could not be read, each reason once, with the quotas that it is about."""
    reasons: dict[str, list[str]] = {}
    for standing in found:
        if standing.read_error:
            reasons.setdefault(standing.read_error, []).append(standing.kind.title)
    return [(", ".join(titles), reason) for reason, titles in reasons.items()]


def _least() -> Figure:
    """The headroom of the quota with the least room."""
    found = standings()
    least = found[0]
    if least.headroom is None:
        return Figure("-", gettext("not counted yet"))
    short = [standing for standing in found if standing.level != Level.ENOUGH]
    detail = gettext("of %(limit)s %(title)s left") % {"limit": least.limit, "title": least.kind.title}
    detail += (
        gettext(", and %(short)s more with little room") % {"short": len(short) - 1} if len(short) > 1 else ""
    )
    tones = {Level.ENOUGH: Tone.GOOD, Level.LITTLE: Tone.WARN, Level.FULL: Tone.BAD}
    return Figure(least.headroom, detail, tones[least.level])


TILES = (
    Tile(PAGE, _("Least room in a quota"), "data_usage", VIEW, _least, lambda: reverse(f"admin:{PAGE}"), 65),
)
NAVIGATION = (Entry(406, _("System"), _("Quotas"), "data_usage", url_name=f"admin:{PAGE}", permission=VIEW),)
URLS = (path("quotas/", admin.site.admin_view(page), name=PAGE),)
