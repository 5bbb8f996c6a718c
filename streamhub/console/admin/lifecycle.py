"""Read-only admins of transitions, jobs and heartbeats, and their part of the dashboard."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from streamhub.clock import database_now
from streamhub.console import jobs, jobs_page
from streamhub.console.badges import Tone
from streamhub.console.base import BigReadOnlyAdmin, ReadOnlyAdmin
from streamhub.console.derived_names import in_words
from streamhub.console.resource import ResourceAdmin
from streamhub.console.templatetags.console import badge as badge_of
from streamhub.console.templatetags.console import when
from streamhub.console.tiles import DashboardList, DashboardRow, Figure, Tile
from streamhub.lifecycle.health import facts
from streamhub.lifecycle.models import ClockOffset, Heartbeat, Job, Transition
from streamhub.translation import filled

SEARCHED_TRANSITIONS = 20_000
MAX_ROWS = 20
# The dashboard shows all jobs that are not well, and others up to this many.
LIST_LENGTH = 6


class _StaticChoicesFilter(admin.SimpleListFilter):
    """A filter whose choices come from the code; a query for them would read the whole table."""

    field = ""

    def __init__(self, *args: Any) -> None:
        self.parameter_name = self.field
        super().__init__(*args)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


def _resource_admins() -> list[ResourceAdmin]:
    admins = admin.site._registry.values()
    return [entry for entry in admins if isinstance(entry, ResourceAdmin) and entry.has_timeline]


class KindFilter(_StaticChoicesFilter):
    title = _("kind")
    field = "resource_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = {resource_admin.transition_kind() for resource_admin in _resource_admins()}
        return [(kind, kind) for kind in sorted(kinds)]


class StateFilter(_StaticChoicesFilter):
    title = _("new state")
    field = "to_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = [resource_admin.model for resource_admin in _resource_admins()]
        states = {state for model in models for state in model.STATES.values}
        return [(state, state) for state in sorted(states)]


@admin.register(Transition)
class TransitionAdmin(BigReadOnlyAdmin):
    """The audit trail: append-only, also for superusers.

    The table grows without limit, so queries are bounded: filters need no query for their choices, and a
    text search reads only the newest `SEARCHED_TRANSITIONS` entries; a whole request id is found in all.
    """

    purpose = _(
        "Each step that StreamHub or a person takes stands here, with the reason and AWS's request id. "
        "The first comes with the first step."
    )
    list_display = ("at_shown", "kind", "name", "change", "who", "reason", "aws_request")
    list_filter = (KindFilter, StateFilter)
    more_filters = ("resource_id",)  # an object's timeline links to it
    search_fields = ("resource_name", "who", "aws_request_id", "why")
    search_help_text = filled(
        _("In the newest %(searched_transitions)s: name, who or why. In all: an AWS request id"),
        {"searched_transitions": f"{SEARCHED_TRANSITIONS:,}"},
    )
    ordering = ("-id",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if search_term:
            by_request = queryset.filter(aws_request_id=search_term.strip())
            if by_request.exists():
                return by_request, False
            newest = Transition.objects.order_by("-id").values_list("id", flat=True).first() or 0
            queryset = queryset.filter(id__gt=newest - SEARCHED_TRANSITIONS)
        return super().get_search_results(request, queryset, search_term)

    @display(description=_("at"))
    def at_shown(self, row: Transition) -> str:
        return when(row.at)

    @display(description=_("kind"))
    def kind(self, row: Transition) -> str:
        return row.resource_type

    @display(description=_("name"))
    def name(self, row: Transition) -> str:
        """A link to the object; if it was deleted, the link leads to its list with a message."""
        label = row.resource_name or f"{row.resource_type} {row.resource_id}"
        for resource_admin in _resource_admins():
            if resource_admin.transition_kind() == row.resource_type:
                url = resource_admin.url("change", row.resource_id)
                return format_html('<a class="sh-link" href="{}">{}</a>', url, label)
        return label

    @display(description=_("why"))
    def reason(self, row: Transition) -> SafeString:
        error = format_html('<span class="sh-entry-error sh-block">{}</span>', row.error) if row.error else ""
        return format_html("<span>{}{}</span>", row.why, error)

    @display(description=_("AWS request"))
    def aws_request(self, row: Transition) -> str:
        if not row.aws_request_id:
            return "-"
        return render_to_string("console/request_id.html", {"request_id": row.aws_request_id})

    @display(description=_("change"))
    def change(self, row: Transition) -> str:
        return f"{row.from_state or 'new'} → {row.to_state}"


class _HealthAdmin(ReadOnlyAdmin):
    purpose = _(
        "Workers and beat report here every few seconds. If none appears, no worker runs: start one, and "
        "look at Health."
    )

    def get_health(self, row: Any) -> jobs.Health:
        raise NotImplementedError

    @display(description=_("health"))
    def health(self, row: Any) -> str:
        health = self.get_health(row)
        return badge_of(health.badge, health.word)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """The periodic jobs: one page of all, which refreshes itself. Their periods are in the schedule."""

    purpose = _(
        "Each periodic job writes here how its last run went. If none appears, beat or the workers do not"
        " run: see Health."
    )
    ordering = ("name",)

    def list_urls(self) -> list[Any]:
        """No rows: the page refreshes itself as a whole."""
        return []

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return jobs_page.page(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The job's place on the page."""
        jobs_page.may_see(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        row = self.get_object(request, object_id)
        place = f"#job-{row.name}" if row else ""
        return HttpResponseRedirect(f"{reverse('admin:lifecycle_job_changelist')}{place}")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("live/", view(jobs_page.fragment), name="lifecycle_job_live"),
            path("run/<str:name>/", view(jobs_page.run), name="lifecycle_job_run"),
            *super().get_urls(),
        ]


@admin.register(Heartbeat)
class HeartbeatAdmin(_HealthAdmin):
    """The heartbeats of workers and beat."""

    list_display = ("name", "health", "at")
    ordering = ("name",)

    def get_health(self, row: Heartbeat) -> jobs.Health:
        return jobs.heartbeat_health(row, self.now)

    def get_queryset(self, request: HttpRequest) -> Any:
        self.now = database_now()
        return super().get_queryset(request)

    @display(description=_("last heartbeat"))
    def at(self, row: Heartbeat) -> str:
        return when(row.beat_at)


@admin.register(ClockOffset)
class ClockOffsetAdmin(ReadOnlyAdmin):
    """How far each host's clock, and AWS's, was from the database's when it was last measured."""

    purpose = _(
        "How far the clock of each host is off from the database's. A worker writes it when it starts."
    )
    list_display = ("host", "role", "ahead", "measured", "beyond")
    ordering = ("host", "role")

    @display(description=_("ahead of the database"), ordering="offset_ms")
    def ahead(self, row: ClockOffset) -> str:
        return f"{row.offset_ms / 1000:+.1f} s (± {row.error_ms / 1000:.1f} s)"

    @display(description=_("measured"), ordering="measured_at")
    def measured(self, row: ClockOffset) -> str:
        return when(row.measured_at)

    @display(description=_("too far off"), ordering="beyond_since")
    def beyond(self, row: ClockOffset) -> str:
        return when(row.beyond_since, gettext("no"))


def _health_figure() -> Figure:
    """What the health page says, in one word."""
    found = facts()
    bad = [fact for fact in found if fact.ok is False]
    if bad:
        more = gettext(" and %(bad)s more") % {"bad": len(bad) - 1} if len(bad) > 1 else ""
        return Figure(
            gettext("%(bad)s bad") % {"bad": len(bad)},
            f"{bad[0].name}: {in_words(bad[0].word)}{more}",
            Tone.BAD,
        )
    return Figure(gettext("all well"), gettext("facts checked: %(found)s") % {"found": len(found)}, Tone.GOOD)


def _jobs_lines() -> list[DashboardRow]:
    """Bad ones first, then in the order of `all_healths`."""
    url = reverse("admin:health")
    healths = sorted(jobs.all_healths(), key=lambda health: health.badge.tone != Tone.BAD)
    bad = sum(health.badge.tone == Tone.BAD for health in healths)
    shown = healths[: min(max(bad, LIST_LENGTH), MAX_ROWS)]
    return [DashboardRow(h.name, url, h.badge, h.word, h.since, h.detail) for h in shown]


def _health_url() -> str:
    return reverse("admin:health")


TILE = Tile("health", _("Health"), "monitor_heart", "lifecycle.view_job", _health_figure, _health_url, 80)
DASHBOARD_LIST = DashboardList(
    "jobs",
    _("Jobs and processes"),
    "monitor_heart",
    "lifecycle.view_job",
    _jobs_lines,
    _health_url,
    _("No job has run yet. Check that worker and beat are running."),
    80,
)
