"""Transitions (never edited by anybody), jobs and heartbeats, and what the dashboard says of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from streamhub.console import jobs
from streamhub.console.badges import Tone
from streamhub.console.base import BigReadOnlyAdmin, ReadOnlyAdmin
from streamhub.console.resource import ResourceAdmin
from streamhub.console.saved_views import SavedView, filter_of, list_url
from streamhub.console.templatetags.console import badge as badge_context
from streamhub.console.templatetags.console import when
from streamhub.console.tiles import DashboardList, DashboardRow, Figure, Tile
from streamhub.lifecycle.models import Heartbeat, Job, Transition

SEARCHED = 500_000
MOST_LINES = 20


class _KnownFilter(admin.SimpleListFilter):
    """A filter whose choices come from the code: asking the table for them would read all of it."""

    field = ""

    def __init__(self, *args: Any) -> None:
        self.parameter_name = self.field
        super().__init__(*args)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


def _resources() -> list[ResourceAdmin]:
    return [
        its for its in admin.site._registry.values() if isinstance(its, ResourceAdmin) and its.has_timeline
    ]


class KindFilter(_KnownFilter):
    title = "kind"
    field = "resource_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in sorted({its.transition_kind() for its in _resources()})]


class StateFilter(_KnownFilter):
    title = "new state"
    field = "to_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        states = {state for its in _resources() for state in its.model.STATES.values}
        return [(state, state) for state in sorted(states)]


@admin.register(Transition)
class TransitionAdmin(BigReadOnlyAdmin):
    """The audit trail: append-only, for everybody.

    It grows for ever, so what may be asked of it is bounded: filters know their choices without looking,
    and a search for text reads the newest `SEARCHED` entries only.
    """

    list_display = ("at_shown", "kind", "name", "change", "who", "reason", "aws_request")
    list_filter = (KindFilter, StateFilter)
    search_fields = ("resource_name", "who", "aws_request_id", "why")
    search_help_text = "Name, who, why or AWS request id"
    ordering = ("-id",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """The timelines of single objects lead here."""
        return lookup == "resource_id" or super().lookup_allowed(lookup, value, request)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if search_term:
            newest = Transition.objects.order_by("-id").values_list("id", flat=True).first() or 0
            queryset = queryset.filter(id__gt=newest - SEARCHED)
        return super().get_search_results(request, queryset, search_term)

    @display(description="at")
    def at_shown(self, row: Transition) -> str:
        return when(row.at)

    @display(description="kind")
    def kind(self, row: Transition) -> str:
        return row.resource_type

    @display(description="name")
    def name(self, row: Transition) -> str:
        """Leads to the object; if it is gone, its list says so."""
        its = next((its for its in _resources() if its.transition_kind() == row.resource_type), None)
        label = row.resource_name or f"{row.resource_type} {row.resource_id}"
        if its is None:
            return label
        return format_html('<a class="sh-link" href="{}">{}</a>', its.url("change", row.resource_id), label)

    @display(description="why")
    def reason(self, row: Transition) -> SafeString:
        error = format_html('<span class="sh-entry-error sh-block">{}</span>', row.error) if row.error else ""
        return format_html("<span>{}{}</span>", row.why, error)

    @display(description="AWS request")
    def aws_request(self, row: Transition) -> str:
        if not row.aws_request_id:
            return "-"
        return render_to_string("console/request_id.html", {"request_id": row.aws_request_id})

    @display(description="change")
    def change(self, row: Transition) -> str:
        return f"{row.from_state or 'new'} → {row.to_state}"


def _bad_jobs() -> Q:
    """Health is worked out, not stored; there are as many jobs as the code has."""
    schedule = jobs.periods()
    rows = Job.objects.all()
    return Q(pk__in=[row.pk for row in rows if jobs.health_of(row, schedule).badge.tone == Tone.BAD])


class _HealthAdmin(ReadOnlyAdmin):
    def get_health(self, row: Any) -> jobs.Health:
        raise NotImplementedError

    @display(description="health")
    def health(self, row: Any) -> str:
        health = self.get_health(row)
        return render_to_string("console/badge.html", badge_context(health.badge, health.word))


@admin.register(Job)
class JobAdmin(_HealthAdmin):
    """The periodic jobs and how their last run went. Their periods are in the schedule."""

    list_before_template = "console/jobs_before.html"
    list_filter = (filter_of([SavedView("bad", "Needs a look", "error", _bad_jobs)]),)
    list_display = ("name", "health", "outcome", "started", "finished", "error")
    search_fields = ("name",)
    ordering = ("name",)

    def get_health(self, row: Job) -> jobs.Health:
        return jobs.health_of(row, self.periods)

    def get_queryset(self, request: HttpRequest) -> Any:
        self.periods = jobs.periods()
        return super().get_queryset(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the processes above the jobs: a silent worker is why no job runs."""
        beats = [jobs.heartbeat_health(row) for row in Heartbeat.objects.order_by("name")[:MOST_LINES]]
        return super().changelist_view(request, {"beats": beats, **(extra_context or {})})

    @display(description="started")
    def started(self, row: Job) -> str:
        return when(row.started_at)

    @display(description="finished")
    def finished(self, row: Job) -> str:
        return when(row.finished_at)


@admin.register(Heartbeat)
class HeartbeatAdmin(_HealthAdmin):
    """Signs of life of worker and beat."""

    list_display = ("name", "health", "at")
    ordering = ("name",)

    def get_health(self, row: Heartbeat) -> jobs.Health:
        return jobs.heartbeat_health(row)

    @display(description="last sign of life")
    def at(self, row: Heartbeat) -> str:
        return when(row.beat_at)


def _jobs_figure() -> Figure:
    healths = jobs.all_healths()
    bad = [health for health in healths if health.badge.tone == Tone.BAD]
    if not healths:
        return Figure("unknown", "no job has run yet", Tone.WARN)
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        return Figure(f"{len(bad)} bad", f"{bad[0].name} is {bad[0].word}{more}", Tone.BAD)
    return Figure("all well", f"{len(healths)} jobs and processes", Tone.GOOD)


def _jobs_lines() -> list[DashboardRow]:
    """What is bad first, then in the order of `all_healths`."""
    url = list_url(Job)
    found = sorted(jobs.all_healths(), key=lambda health: health.badge.tone != Tone.BAD)[:MOST_LINES]
    return [DashboardRow(h.name, url, h.badge, h.word, h.since, h.detail) for h in found]


def _jobs_url() -> str:
    """The bad ones, if a job is among them; the processes stand on that page anyway."""
    return list_url(Job, "bad") if Job.objects.filter(_bad_jobs()).exists() else list_url(Job)


TILE = Tile("jobs", "Job health", "monitor_heart", "lifecycle.view_job", _jobs_figure, _jobs_url, 80)
BOARD = DashboardList(
    "jobs",
    "Jobs and processes",
    "monitor_heart",
    "lifecycle.view_job",
    _jobs_lines,
    lambda: list_url(Job),
    "No job has run yet: are worker and beat started?",
    80,
)
