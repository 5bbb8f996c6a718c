"""The Drift page: the differences between database and AWS in the last report, and their resolutions.

The page and its fragment read only the database; a worker reads the lists of AWS. A resolution is confirmed
on a page with its dry run. It reads row and AWS again before it changes anything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import dateformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from drift import services as drift
from drift.admin import labels
from drift.compare import RESOLUTIONS
from drift.jobs import READ_DRIFT
from drift.report import SURPLUS
from drift.services import Finding, Resolution, ResourceKind, StoredReport
from streamhub.access.actors import staff_actor
from streamhub.clock import database_now
from streamhub.console.badges import Tone
from streamhub.console.navigation import Entry
from streamhub.console.pages import fragments
from streamhub.console.tiles import Figure, Tile
from streamhub.errors import AwsError, NotPossible
from streamhub.lifecycle.freshness import is_fresh
from streamhub.lifecycle.models import Transition

PAGE = "drift"
VIEW, READ, RESOLVE = "drift.view_driftsighting", "drift.read_drift", "drift.resolve_drift"
# After this long without a worker starting to read, the page says so.
NO_WORKER_AFTER = timedelta(seconds=60)


def _url() -> str:
    return reverse(f"admin:{PAGE}")


def _urls() -> list[Any]:
    own = admin.site.admin_view
    return [
        path("drift/", own(page), name=PAGE),
        path("drift/live/", own(fragment), name=f"{PAGE}_live"),
        path("drift/read/", own(read_again), name=f"{PAGE}_read"),
        path("drift/<str:key>/<slug:name>/", own(resolution_page), name=f"{PAGE}_do"),
    ]


def _require(request: HttpRequest, permission: str, message: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(message)


def _context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    return {**admin.site.each_context(request), **more}


# --- the page --------------------------------------------------------------------------------


def page(request: HttpRequest) -> HttpResponse:
    """GET only: the last report."""
    _require(request, VIEW, gettext("Your role may not see drift."))
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    context = _context(
        request,
        title="Drift",
        live=_live(request),
        may_read=request.user.has_perm(READ),
        read_url=reverse(f"admin:{PAGE}_read"),
    )
    return TemplateResponse(request, "drift/page.html", context)


def fragment(request: HttpRequest) -> HttpResponse:
    """The page's content alone, so that the page can refresh it."""
    _require(request, VIEW, gettext("Your role may not see drift."))
    live = _live(request)
    return fragments.answer(request, live["version"], render_to_string("console/live.html", {"live": live}))


def read_again(request: HttpRequest) -> HttpResponse:
    """POST: have a worker read AWS."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    _require(request, READ, gettext("Your role may not have AWS read again."))
    if not drift.ask_to_read(staff_actor(request.user)):  # type: ignore[arg-type]
        messages.info(request, _("Somebody asked for this just now. A worker will read AWS once for both."))
    return HttpResponseRedirect(_url())


def _fresh(report: StoredReport, now: datetime | None = None) -> bool:
    """Whether the hourly job has read AWS lately."""
    return is_fresh(report.observed_at, every_seconds=READ_DRIFT.seconds(), now=now)


def _live(request: HttpRequest) -> dict[str, Any]:
    now = database_now()
    report, job = drift.last_report(now), READ_DRIFT.row()
    reading = bool(job and job.lease_token and job.leased_until and job.leased_until > now)
    waiting = report.asked_at is not None and not reading
    context = {
        "report": report,
        "badge": labels.badge_of(report),
        "summary": labels.summary_of(report),
        "reading": reading,
        "waiting": waiting,
        "no_worker": waiting and report.asked_at is not None and now - report.asked_at > NO_WORKER_AFTER,
        "old": report.observed_at is not None and not _fresh(report, now),
        "error": job.error if job and not reading else "",
        "groups": _groups(request, report),
        "kinds": [_kind(kind, report) for kind in ResourceKind],
        "jobs_url": reverse("admin:lifecycle_job_changelist"),
        "compared": sum(report.ours.values()),
    }
    content = render_to_string("drift/live.html", context)
    return {
        "content": content,
        "version": fragments.version(content),
        "url": reverse(f"admin:{PAGE}_live"),
        "every": fragments.every(reading or waiting),
    }


def _groups(request: HttpRequest, report: StoredReport) -> list[dict[str, Any]]:
    """The findings by group; in each group what costs comes first."""
    may_resolve, notes = request.user.has_perm(RESOLVE), _notes(report)
    items = [
        _item(finding, notes.get((finding.kind.value, finding.aws_id)), may_resolve)
        for finding in report.findings
    ]
    groups = []
    for title, icon, differences in labels.GROUPS:
        in_group = [item for item in items if item["finding"].difference in differences]
        in_group.sort(key=lambda item: not item["finding"].costs)
        if in_group:
            groups.append({"title": title, "icon": icon, "findings": in_group})
    return groups


def _item(finding: Finding, note: Transition | None, may_resolve: bool) -> dict[str, Any]:
    return {
        "finding": finding,
        "badge": labels.badge_of_finding(finding),
        "console_url": labels.console_url(finding),
        "row_url": _row_url(finding),
        "row_name": labels.row_name(finding),
        "note": note,
        "resolutions": [_offer(finding, resolution) for resolution in RESOLUTIONS[finding.difference]]
        if may_resolve
        else [],
    }


def _offer(finding: Finding, resolution: Resolution) -> dict[str, Any]:
    return {
        "action": labels.RESOLUTION_LABELS[resolution],
        "url": reverse(f"admin:{PAGE}_do", args=[finding.key, resolution.value]),
        "reason": "" if resolution in finding.resolutions else finding.wait_reason,
    }


def _row_url(finding: Finding) -> str:
    if not finding.model:
        return ""
    return reverse(f"admin:{finding.model.replace('.', '_')}_change", args=[finding.pk])


def _notes(report: StoredReport) -> dict[tuple[str, str], Transition]:
    """The last resolution of each surplus resource."""
    ids = [finding.aws_id[:128] for finding in report.findings if finding.difference in SURPLUS]
    if not ids:
        return {}
    rows = Transition.objects.filter(
        resource_id=0, resource_type__in=list(ResourceKind), resource_name__in=ids
    )
    return {(row.resource_type, row.resource_name): row for row in rows.order_by("id")}


def _kind(kind: ResourceKind, report: StoredReport) -> dict[str, Any]:
    return {
        "label": f"{kind.label}s",
        "ours": report.ours.get(kind, 0),
        "foreign": report.foreign.get(kind, 0),
        "unread": report.unread.get(kind),
        "read_at": report.read_at.get(kind),
    }


# --- a resolution ----------------------------------------------------------------------------


def resolution_page(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """GET shows the dry run, POST carries it out."""
    if name not in list(Resolution):
        raise Http404(gettext("There is no such action: %(name)s.") % {"name": name})
    _require(request, RESOLVE, gettext("Your role may not resolve drift."))
    try:
        finding = drift.stored_finding(key)
    except NotPossible as refusal:
        messages.info(request, refusal.detail)
        return HttpResponseRedirect(_url())
    if request.method == "POST":
        _perform(request, finding, Resolution(name))
        return HttpResponseRedirect(_url())
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    return TemplateResponse(request, "drift/confirm.html", _confirmation(request, finding, Resolution(name)))


def _confirmation(request: HttpRequest, finding: Finding, resolution: Resolution) -> dict[str, Any]:
    preview = reason = ""
    try:
        preview = drift.preview(finding, resolution)
    except NotPossible as refusal:
        reason = refusal.detail
    except AwsError as error:
        reason = labels.aws_error_sentences(error)
    action = labels.RESOLUTION_LABELS[resolution]
    return _context(
        request,
        title=f"{action.label}: {finding.kind.label} {finding.aws_id}",
        finding=finding,
        badge=labels.badge_of_finding(finding),
        console_url=labels.console_url(finding),
        action=action,
        preview=preview,
        reason=reason,
        consequences=labels.consequences(finding, resolution),
        row_url=_row_url(finding),
        row_name=labels.row_name(finding),
        back=_url(),
    )


def _perform(request: HttpRequest, finding: Finding, resolution: Resolution) -> None:
    """Carry it out and show the outcome; then have AWS read again, because the report is now out of date."""
    who = staff_actor(request.user)  # type: ignore[arg-type]
    label = labels.RESOLUTION_LABELS[resolution].label
    try:
        outcome = drift.resolve(finding, resolution, who)
    except NotPossible as refusal:
        messages.error(
            request, _("%(label)s was refused. %(detail)s") % {"label": label, "detail": refusal.detail}
        )
    except AwsError as error:
        messages.error(
            request,
            _("%(label)s did not work. %(error)s")
            % {"label": label, "error": labels.aws_error_sentences(error)},
        )
    else:
        messages.success(request, outcome)
    drift.ask_to_read(who)


# --- the dashboard ---------------------------------------------------------------------------


def _figure() -> Figure:
    report = drift.last_report()
    badge, count = labels.badge_of(report), len(report.findings)
    if report.unread:
        return Figure(
            count or "?",
            gettext("%(unread)s of %(resourcekind)s kinds could not be read")
            % {"unread": len(report.unread), "resourcekind": len(ResourceKind)},
            Tone.BAD,
        )
    if report.observed_at is None:
        return Figure("?", gettext("AWS has not been read yet"), Tone.CALM)
    if not _fresh(report):
        return Figure(
            count,
            gettext("old: read %(observed_at)s UTC")
            % {"observed_at": dateformat.format(report.observed_at, "d M H:i")},
            Tone.WARN,
        )
    if not count:
        return Figure(0, gettext("database and AWS agree"), badge.tone)
    return Figure(
        count, gettext("difference from AWS") if count == 1 else gettext("differences from AWS"), badge.tone
    )


TILE = Tile("drift", _("Drift"), "compare_arrows", VIEW, _figure, _url, 60)
ENTRY = Entry(410, _("System"), _("Drift"), "compare_arrows", url_name=f"admin:{PAGE}", permission=VIEW)
URLS = _urls()
