"""The page *Reaper*: what is to be deleted, why it still exists, when it will be gone, and the last runs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from distributions import reaper_rate, services
from distributions.forecast import Forecast, Reason, forecasts, pace, unwanted
from distributions.jobs import DELETE_STALE_DISTRIBUTIONS
from distributions.models import Distribution, ReaperRun
from distributions.stale import stale
from streamhub.access.actors import staff_actor
from streamhub.console.badges import Badge, Tone, busy
from streamhub.console.facts import Fact
from streamhub.lifecycle import heartbeat
from streamhub.row_ids import row_id

PAGE = "distributions_reaper"
VIEW = "distributions.view_distribution"
RUN = "distributions.run_reaper"
ROWS = 100
RUNS = 20
BADGES = {
    Reason.DISABLING: busy(),
    Reason.READY: Badge(Tone.CALM, "delete_sweep"),
    Reason.QUEUED: busy("delete_sweep"),
    Reason.NEEDS_PERSON: Badge(Tone.BAD, "error"),
    Reason.HELD: Badge(Tone.CALM, "live_tv"),
}
WORDS = {Reason.NEEDS_PERSON: _("needs a person"), Reason.HELD: _("on air")}


def page(request: HttpRequest) -> HttpResponse:
    """GET only. `?dry=1`: only what a run now would delete. `?from=`: rows older than this one."""
    _require(request, VIEW)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    dry = bool(request.GET.get("dry"))
    rows, more = _rows(request, dry)
    present = pace()
    found = forecasts(rows, present)
    listed = [row for row in rows if not dry or found[row.pk].reason == Reason.READY]
    context = {
        **admin.site.each_context(request),
        "title": "Reaper",
        "dry": dry,
        "rows": [_row(row, found[row.pk]) for row in listed],
        "more": more,
        "ready": stale().count(),
        "total": unwanted().count(),
        "ahead": present.ahead,
        "state": reaper_rate.deletions(),
        "next_run_at": present.next_run_at,
        "now": present.now,
        "silent": heartbeat.silent_processes(present.now),
        "last_at": job.started_at if (job := DELETE_STALE_DISTRIBUTIONS.row()) else None,
        "all_gone_at": present.gone_at(present.ahead + stale().count()),
        "runs": ReaperRun.objects.all()[:RUNS],
        "may_run": request.user.has_perm(RUN),
        "run_url": reverse(f"admin:{PAGE}_run"),
        "page_url": reverse(f"admin:{PAGE}"),
    }
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    return TemplateResponse(request, "distributions/reaper.html", context)


def _rows(request: HttpRequest, dry: bool) -> tuple[list[Distribution], str]:
    """The rows of this page, and the address of the next one."""
    rows = (stale() if dry else unwanted()).defer("config").order_by("-pk")
    if start := row_id(request.GET.get("from", "")):
        rows = rows.filter(pk__lt=start)
    found = list(rows[: ROWS + 1])
    more = f"?{'dry=1&' if dry else ''}from={found[ROWS - 1].pk}" if len(found) > ROWS else ""
    return found[:ROWS], more


def _row(row: Distribution, forecast: Forecast) -> dict[str, Any]:
    return {
        "row": row,
        "url": reverse("admin:distributions_distribution_change", args=[row.pk]),
        "badge": BADGES[forecast.reason],
        "word": WORDS.get(forecast.reason, forecast.reason.value),
        "forecast": forecast,
    }


def run(request: HttpRequest) -> HttpResponse:
    """POST: begin a run now."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    _require(request, RUN)
    services.reaper_run(who=staff_actor(request.user))  # type: ignore[arg-type]
    messages.success(request, _("The reaper runs: a worker hands over what is stale within seconds."))
    return HttpResponseRedirect(reverse(f"admin:{PAGE}"))


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(gettext("Your role may not see or run the reaper."))


def deletion_fact(row: Distribution) -> Fact | None:
    """For the distribution's own page: when it will be gone; None if it is not to be deleted."""
    if row.protected or row.desired != "deleted":
        return None
    forecast = forecasts([row])[row.pk]
    return Fact(gettext("expected to be gone"), forecast.expected_gone_at, "when", hint=forecast.detail)


def urls() -> list[Any]:
    view = admin.site.admin_view
    return [
        path("distributions/reaper/", view(page), name=PAGE),
        path("distributions/reaper/run/", view(run), name=f"{PAGE}_run"),
    ]
