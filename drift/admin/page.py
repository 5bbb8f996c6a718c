"""The Drift page: what differs between database and AWS, by the last reading, and what can be done about it.

The page and its fragment read the database only; a worker reads AWS. A verb is confirmed on a page that
shows its dry run, and looks again at row and AWS before it does anything.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from drift import services as drift
from drift.admin import labels
from drift.compare import RESOLUTIONS
from drift.jobs import READ_DRIFT
from drift.report import SURPLUS
from drift.services import Finding, Resolution, ResourceKind, StoredReport
from streamhub.access.actors import staff_actor
from streamhub.console.badges import Tone
from streamhub.console.navigation import Entry
from streamhub.console.pages import fragments
from streamhub.console.tiles import Figure, Tile
from streamhub.errors import AwsError, NotPossible
from streamhub.lifecycle.freshness import is_fresh
from streamhub.lifecycle.models import Transition

PAGE = "drift"
LOOK, READ, RESOLVE = (f"drift.{each}" for each in ("view_driftsighting", "read_drift", "resolve_drift"))
# So long a worker may take before somebody is told that none has come.
PATIENCE = timedelta(seconds=60)


def _url() -> str:
    return reverse(f"admin:{PAGE}")


def _urls() -> list[Any]:
    own = admin.site.admin_view
    return [
        path("drift/", own(page), name=PAGE),
        path("drift/live/", own(fragment), name=f"{PAGE}_live"),
        path("drift/read/", own(read_again), name=f"{PAGE}_read"),
        path("drift/<str:key>/<slug:name>/", own(verb_page), name=f"{PAGE}_do"),
    ]


def _require(request: HttpRequest, permission: str, otherwise: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(otherwise)


def _context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    return {**admin.site.each_context(request), **more}


# --- the page --------------------------------------------------------------------------------


def page(request: HttpRequest) -> HttpResponse:
    """GET only: what the last reading told."""
    _require(request, LOOK, "Your role may not see drift.")
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
    """The page's content alone, for refreshing it."""
    _require(request, LOOK, "Your role may not see drift.")
    live = _live(request)
    return fragments.answer(request, live["version"], render_to_string("console/live.html", {"live": live}))


def read_again(request: HttpRequest) -> HttpResponse:
    """POST: have a worker read AWS."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    _require(request, READ, "Your role may not have AWS read again.")
    if not drift.ask(staff_actor(request.user)):  # type: ignore[arg-type]
        messages.info(request, "That was asked for just now; one reading is enough.")
    return HttpResponseRedirect(_url())


def _fresh(reading: drift.StoredReport) -> bool:
    """The job reads every hour; an older reading says that it does not."""
    return is_fresh(reading.observed_at, every_seconds=READ_DRIFT.seconds())


def _live(request: HttpRequest) -> dict[str, Any]:
    reading, job = drift.last(), READ_DRIFT.row()
    now = timezone.now()
    reads = bool(job and job.lease_token and job.leased_until and job.leased_until > now)
    waits = reading.asked_at is not None and not reads
    context = {
        "reading": reading,
        "badge": labels.badge_of(reading),
        "word": labels.word_of(reading),
        "reads": reads,
        "waits": waits,
        "nobody_comes": waits and reading.asked_at is not None and now - reading.asked_at > PATIENCE,
        "old": reading.observed_at is not None and not _fresh(reading),
        "failed": job.error if job and not reads else "",
        "groups": _groups(request, reading),
        "kinds": [_kind(kind, reading) for kind in ResourceKind],
        "jobs_url": reverse("admin:lifecycle_job_changelist"),
        "compared": sum(reading.ours.values()),
    }
    content = render_to_string("drift/live.html", context)
    return {
        "content": content,
        "version": fragments.version(content),
        "url": reverse(f"admin:{PAGE}_live"),
        "every": fragments.every(reads or waits),
    }


def _groups(request: HttpRequest, reading: StoredReport) -> list[dict[str, Any]]:
    """The findings as they are shown: what costs first, then by what they are."""
    may, notes = request.user.has_perm(RESOLVE), _notes(reading)
    shown = [
        _shown(finding, notes.get((finding.kind.value, finding.aws_id)), may) for finding in reading.findings
    ]
    groups = []
    for title, icon, problems in labels.GROUPS:
        mine = [each for each in shown if each["finding"].problem in problems]
        mine.sort(key=lambda each: not each["finding"].costs)
        if mine:
            groups.append({"title": title, "icon": icon, "findings": mine})
    return groups


def _shown(finding: Finding, note: Transition | None, may: bool) -> dict[str, Any]:
    return {
        "finding": finding,
        "badge": labels.badge_of_finding(finding),
        "row_url": _row_url(finding),
        "row_words": labels.row_of(finding),
        "note": note,
        "verbs": [_offer(finding, verb) for verb in RESOLUTIONS[finding.problem]] if may else [],
    }


def _offer(finding: Finding, verb: Resolution) -> dict[str, Any]:
    return {
        "face": labels.RESOLUTION_LABELS[verb],
        "url": reverse(f"admin:{PAGE}_do", args=[finding.key, verb.value]),
        "reason": "" if verb in finding.verbs else finding.waits,
    }


def _row_url(finding: Finding) -> str:
    if not finding.model:
        return ""
    return reverse(f"admin:{finding.model.replace('.', '_')}_change", args=[finding.pk])


def _notes(reading: StoredReport) -> dict[tuple[str, str], Transition]:
    """What was last done about each surplus resource."""
    ids = [each.aws_id[:128] for each in reading.findings if each.problem in SURPLUS]
    if not ids:
        return {}
    rows = Transition.objects.filter(
        resource_id=0, resource_type__in=list(ResourceKind), resource_name__in=ids
    )
    return {(row.resource_type, row.resource_name): row for row in rows.order_by("id")}


def _kind(kind: ResourceKind, reading: StoredReport) -> dict[str, Any]:
    return {
        "words": f"{kind.words}s",
        "ours": reading.ours.get(kind, 0),
        "foreign": reading.foreign.get(kind, 0),
        "unread": reading.unread.get(kind),
        "read_at": reading.read_at.get(kind),
    }


# --- a verb ----------------------------------------------------------------------------------


def verb_page(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """GET shows the dry run, POST does it."""
    if name not in list(Resolution):
        raise Http404(f"There is no such action: {name}.")
    _require(request, RESOLVE, "Your role may not resolve drift.")
    try:
        finding = drift.known(key)
    except NotPossible as gone:
        messages.info(request, gone.detail)
        return HttpResponseRedirect(_url())
    if request.method == "POST":
        _perform(request, finding, Resolution(name))
        return HttpResponseRedirect(_url())
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    return TemplateResponse(request, "drift/confirm.html", _confirmation(request, finding, Resolution(name)))


def _confirmation(request: HttpRequest, finding: Finding, verb: Resolution) -> dict[str, Any]:
    said = reason = ""
    try:
        said = drift.preview(finding, verb)
    except NotPossible as refused:
        reason = refused.detail
    except AwsError as error:
        reason = labels.unreadable(error)
    face = labels.RESOLUTION_LABELS[verb]
    return _context(
        request,
        title=f"{face.label}: {finding.kind.words} {finding.aws_id}",
        finding=finding,
        badge=labels.badge_of_finding(finding),
        face=face,
        said=said,
        reason=reason,
        consequences=labels.consequences(finding, verb),
        row_url=_row_url(finding),
        row_words=labels.row_of(finding),
        back=_url(),
    )


def _perform(request: HttpRequest, finding: Finding, verb: Resolution) -> None:
    """Do it and say what became of it; then have AWS read again, for the page is of before."""
    who = staff_actor(request.user)  # type: ignore[arg-type]
    label = labels.RESOLUTION_LABELS[verb].label
    try:
        done = drift.act(finding, verb, who)
    except NotPossible as refused:
        messages.error(request, f"{label} was refused. {refused.detail}")
    except AwsError as error:
        messages.error(request, f"{label} did not work. {labels.unreadable(error)}")
    else:
        messages.success(request, done)
    drift.ask(who)


# --- the dashboard ---------------------------------------------------------------------------


def _figure() -> Figure:
    reading = drift.last()
    badge, count = labels.badge_of(reading), len(reading.findings)
    if reading.unread:
        return Figure(
            count or "?", f"{len(reading.unread)} of {len(ResourceKind)} kinds could not be read", Tone.BAD
        )
    if reading.observed_at is None:
        return Figure("?", "AWS was not read yet", Tone.CALM)
    if not _fresh(reading):
        return Figure(count, f"old: read {reading.observed_at:%d %b %H:%M} UTC", Tone.WARN)
    return Figure(count, "differences to AWS" if count else "database and AWS agree", badge.tone)


TILE = Tile("drift", "Drift", "compare_arrows", LOOK, _figure, _url, 60)
ENTRY = Entry(410, "System", "Drift", "compare_arrows", url_name=f"admin:{PAGE}", permission=LOOK)
URLS = _urls()
