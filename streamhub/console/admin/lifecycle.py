"""Transitions (never edited by anybody), jobs and heartbeats, and what the dashboard says of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest

from streamhub.console import jobs
from streamhub.console.base import BigReadOnlyAdmin, ReadOnlyAdmin
from streamhub.console.dashboard import Board, Figure, Line, Tile, register
from streamhub.console.looks import Tone
from streamhub.console.saved_views import list_url
from streamhub.console.templatetags.console import look as look_context
from streamhub.console.templatetags.console import when
from streamhub.lifecycle.models import Heartbeat, Job, Transition


@admin.register(Transition)
class TransitionAdmin(BigReadOnlyAdmin):
    """The audit trail: append-only, for everybody."""

    list_display = ("at_shown", "kind", "name", "change", "who", "why", "aws_request")
    list_filter = ("resource_type", "to_state")
    search_fields = ("resource_name", "who", "aws_request_id", "why")
    search_help_text = "Name, who, why, or AWS request id"
    ordering = ("-id",)

    @display(description="at")
    def at_shown(self, row: Transition) -> str:
        return when(row.at)

    @display(description="kind")
    def kind(self, row: Transition) -> str:
        return row.resource_type

    @display(description="name")
    def name(self, row: Transition) -> str:
        return row.resource_name

    @display(description="AWS request")
    def aws_request(self, row: Transition) -> str:
        return row.aws_request_id or "-"

    @display(description="change")
    def change(self, row: Transition) -> str:
        return f"{row.from_state or 'new'} → {row.to_state}"


class _HealthAdmin(ReadOnlyAdmin):
    def get_health(self, row: Any) -> jobs.Health:
        raise NotImplementedError

    @display(description="health")
    def health(self, row: Any) -> str:
        from django.template.loader import render_to_string

        health = self.get_health(row)
        return render_to_string("console/look.html", look_context(health.look, health.word))


@admin.register(Job)
class JobAdmin(_HealthAdmin):
    """The periodic jobs and how their last run went. Their periods are in the schedule."""

    list_display = ("name", "health", "outcome", "started", "finished", "error")
    search_fields = ("name",)
    ordering = ("name",)

    def get_health(self, row: Job) -> jobs.Health:
        return jobs.health_of(row, self.periods)

    def get_queryset(self, request: HttpRequest) -> Any:
        self.periods = jobs.periods()
        return super().get_queryset(request)

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
    bad = [health for health in healths if health.look.tone == Tone.BAD]
    if not healths:
        return Figure("unknown", "no job has run yet", Tone.WARN)
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        return Figure(f"{len(bad)} bad", f"{bad[0].name} is {bad[0].word}{more}", Tone.BAD)
    return Figure("all well", f"{len(healths)} jobs and processes", Tone.GOOD)


def _jobs_lines() -> list[Line]:
    url = list_url(Job)
    return [Line(h.name, url, h.look, h.word, h.since, h.detail) for h in jobs.all_healths()]


register(
    Tile(
        "jobs", "Job health", "monitor_heart", "lifecycle.view_job", _jobs_figure, lambda: list_url(Job), 80
    ),
    Board(
        "jobs",
        "Jobs and processes",
        "monitor_heart",
        "lifecycle.view_job",
        _jobs_lines,
        lambda: list_url(Job),
        "No job has run yet: are worker and beat started?",
        80,
    ),
)
