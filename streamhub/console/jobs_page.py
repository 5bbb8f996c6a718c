"""The page of the periodic jobs: what each is for, how it does, its last runs, the next one, *Run now*.

It lists the jobs of the code, also those that never ran.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_celery_beat.models import PeriodicTask

from streamhub.clock import database_now
from streamhub.console import jobs
from streamhub.console.badges import Tone
from streamhub.console.pages import fragments
from streamhub.lifecycle.job_health import JobHealth, Word, judge, schedules
from streamhub.lifecycle.job_history import Past, entries
from streamhub.lifecycle.models import Job
from streamhub.lifecycle.periodic import PeriodicJob, periodic_jobs

VIEW = "lifecycle.view_job"
RUN = "django_celery_beat.change_periodictask"
EVERY_SECONDS = 5
MAX_PROCESSES = 20


@dataclass(frozen=True)
class Line:
    """One job on the page."""

    job: PeriodicJob
    state: JobHealth
    shown: jobs.Health
    row: Job | None
    past: list[Past]
    now: datetime

    @property
    def comes_at(self) -> datetime | None:
        """When its next run is expected; None if it is due now, or not expected."""
        due_at = self.state.due_at
        return due_at if due_at is not None and due_at > self.now else None

    @property
    def took(self) -> timedelta | None:
        """How long the last run took; None if none has ended."""
        if self.row is None or self.row.started_at is None or self.row.finished_at is None:
            return None
        span = self.row.finished_at - self.row.started_at
        return span if span >= timedelta(0) else None

    @property
    def overdue(self) -> bool:
        return self.state.word == Word.LATE

    @property
    def scheduled(self) -> bool:
        return self.state.word != Word.UNSCHEDULED


def lines(now: datetime) -> list[Line]:
    """Every job of the code: what is not well first, then by name. Two queries."""
    rows = {row.name: row for row in Job.objects.all()}
    schedule = schedules()
    found = []
    for job in periodic_jobs():
        row = rows.get(job.name)
        state = judge(job, row, schedule.get(job.name), now)
        found.append(Line(job, state, jobs.shown(state), row, entries(row.history) if row else [], now))
    return sorted(found, key=lambda line: (line.shown.badge.tone != Tone.BAD, line.job.name))


def page(request: HttpRequest) -> HttpResponse:
    """GET only: the page changes nothing."""
    may_see(request)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    context = {**admin.site.each_context(request), "title": "Jobs", "live": _live(request)}
    return TemplateResponse(request, "console/jobs_page.html", context)


def fragment(request: HttpRequest) -> HttpResponse:
    """The page's content alone, for the refresh."""
    may_see(request)
    live = _live(request)
    return fragments.answer(request, live["version"], render_to_string("console/live.html", {"live": live}))


def run(request: HttpRequest, name: str) -> HttpResponse:
    """POST: send the job once, beside its schedule; an unknown name answers 404 by the schedule's admin."""
    _require(request, RUN)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    schedule: Any = admin.site._registry[PeriodicTask]
    known = {job.name for job in periodic_jobs()} & {name}
    rows = PeriodicTask.objects.filter(name__in=known)
    if rows:
        schedule.run_now(request, rows)
    else:
        schedule.message_user(
            request, _("There is no job %(name)s in the schedule.") % {"name": name}, "ERROR"
        )
    return HttpResponseRedirect(reverse("admin:lifecycle_job_changelist"))


def may_see(request: HttpRequest) -> None:
    """Raise PermissionDenied for those who may not see the jobs."""
    _require(request, VIEW)


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(_("Your role may not do that with StreamHub's jobs."))


def _attention(bad: int) -> str:
    if not bad:
        return _("all well")
    return ngettext("%(bad)s needs attention", "%(bad)s need attention", bad) % {"bad": bad}


def _live(request: HttpRequest) -> dict[str, Any]:
    now = database_now()
    found = lines(now)
    beats = jobs.processes(now)
    shown = [*beats, *(line.shown for line in found)]
    bad = sum(health.badge.tone == Tone.BAD for health in shown) + (not beats)
    content = render_to_string(
        "console/jobs.html",
        {
            "lines": found,
            "beats": beats[:MAX_PROCESSES],
            "may_run": request.user.has_perm(RUN),
            "schedule_url": reverse("admin:django_celery_beat_periodictask_changelist"),
            "badge": jobs.LATE if bad else jobs.WELL,
            "word": _attention(bad),
        },
    )
    return {
        "content": content,
        "version": fragments.version(content),
        "url": reverse("admin:lifecycle_job_live"),
        "every": EVERY_SECONDS,
    }
