"""The schedule (django-celery-beat) with the console's look, and with what protects StreamHub's own jobs."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django_celery_beat.admin import ClockedScheduleAdmin as BeatClockedScheduleAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BeatCrontabScheduleAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BeatPeriodicTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from kombu.exceptions import OperationalError
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from streamhub.console import schedule_rules
from streamhub.console.base import ConsoleAdmin
from streamhub.console.templatetags.console import when
from streamhub.lifecycle.job_health import length_of

log = logging.getLogger(__name__)

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule):
    admin.site.unregister(model)


def every(interval: IntervalSchedule) -> str:
    """The interval in its largest whole unit: "every 30 days", "every minute"."""
    seconds = int(length_of(interval).total_seconds())
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds and seconds % length == 0:
            count = seconds // length
            return f"every {unit}" if count == 1 else f"every {count} {unit}s"
    return str(interval)


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The list of known tasks, with Unfold's look."""


class _PeriodicTaskForm(PeriodicTaskForm):
    """Only StreamHub's tasks, with periods that it can live with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:  # absent for people who may only view, and for StreamHub's jobs
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
            self.fields["regtask"].widget = _TaskSelect()

    def clean(self) -> Any:
        data = super().clean() if "task" in self.fields else self.cleaned_data
        task, interval = data.get("task"), data.get("interval")
        if task and task not in schedule_rules.tasks():
            self.add_error("task", f"StreamHub has no periodic task {task}.")
        job = schedule_rules.job_of(self.instance if self.instance.pk else None)
        if job and "interval" in self.fields and interval is None:
            self.add_error(
                "interval", f"{job.name} needs an interval. To stop it, switch it off in the list."
            )
        if interval and (wrong := schedule_rules.wrong_period(length_of(interval), job)):
            self.add_error("interval", wrong)
        return data


class _IntervalForm(forms.ModelForm):
    def clean(self) -> Any:
        data = super().clean() or {}
        if data.get("every") and data.get("period"):
            span = timedelta(**{data["period"]: data["every"]})
            jobs = schedule_rules.jobs_by_name()
            names = schedule_rules.uses(self.instance) if self.instance.pk else []
            for job in [jobs.get(name) for name in names] or [None]:
                if wrong := schedule_rules.wrong_period(span, job):
                    raise forms.ValidationError(wrong)
        return data


def _kept(deletion: tuple[Any, Any, Any, Any], reasons: list[str]) -> tuple[Any, Any, Any, Any]:
    """Django's plan of a deletion, which these reasons forbid. They are shown in place of "no permission"."""
    deleted, counts, perms_needed, protected = deletion
    return deleted, counts, set() if reasons else perms_needed, [*protected, *reasons]


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BeatPeriodicTaskAdmin, ConsoleAdmin):
    """The schedule. Actions switch StreamHub's own jobs on and off; they are never deleted or redirected."""

    form = _PeriodicTaskForm
    date_hierarchy = None
    list_display = ("name", "enabled", "runs", "queue_name", "last_sent", "total_run_count")
    search_help_text = "Name or task"
    list_filter = ("enabled", "one_off")
    change_form_template = None
    actions = ("switch_on", "switch_off", "run_now")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("interval", "crontab", "solar", "clocked")

    def get_fieldsets(self, request: HttpRequest, obj: PeriodicTask | None = None) -> Any:
        if schedule_rules.job_of(obj) is None:
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ("name", "task", "enabled", "description", "interval", "last_run_at")})]

    def get_readonly_fields(self, request: HttpRequest, obj: PeriodicTask | None = None) -> Any:
        fields = ("last_run_at", "crontab_translation", "enabled")
        return (*fields, "name", "task") if schedule_rules.job_of(obj) else fields

    def has_delete_permission(self, request: HttpRequest, obj: PeriodicTask | None = None) -> bool:
        return super().has_delete_permission(request, obj) and schedule_rules.job_of(obj) is None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        jobs = [row.name for row in objs if schedule_rules.job_of(row)]
        return _kept(
            super().get_deleted_objects(objs, request),
            [f"{name} is a job of StreamHub: switch it off instead" for name in jobs],
        )

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, enabled=True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask first, and say what stops."""
        if request.POST.get("confirmed"):
            self._switch(request, queryset, enabled=False)
            return None
        rows = list(queryset.filter(enabled=True))
        if not rows:
            self.message_user(request, "They are all off already.")
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": f"Switch off {len(rows)} job{'s' if len(rows) > 1 else ''}?",
            "opts": self.opts,
            "rows": [(row, schedule_rules.while_off(row)) for row in rows],
        }
        return TemplateResponse(request, "console/switch_off.html", context)

    def _switch(self, request: HttpRequest, queryset: Any, *, enabled: bool) -> None:
        word = "on" if enabled else "off"
        changed = []
        with transaction.atomic():
            for row in queryset.select_for_update(of=("self",)).filter(enabled=not enabled):
                self.note_before(request, row)
                row.enabled = enabled
                row.save()
                self.log_change(request, row, f"Switched {word}.")
                changed.append(row.name)
        for name in changed:
            log.warning("Schedule: %s was switched %s by %s", name, word, request.user)
        said = f"Switched {word}: {', '.join(changed)}." if changed else f"They are all {word} already."
        self.message_user(request, said)

    @admin.action(description="Run now", permissions=["change"])
    def run_now(self, request: HttpRequest, queryset: Any) -> None:
        """Send the tasks once, beside their schedule."""
        try:
            self.run_tasks(request, queryset)
        except (OperationalError, OSError) as error:
            self.message_user(request, f"Nothing was sent: the broker is away ({error}).", messages.ERROR)
            return
        for row in queryset:
            self.log_change(request, row, "Run now.")

    @display(description="runs")
    def runs(self, row: PeriodicTask) -> str:
        return every(row.interval) if row.interval else str(row.scheduler)

    @display(description="queue", ordering="queue")
    def queue_name(self, row: PeriodicTask) -> str:
        return row.queue or "bulk"

    @display(description="last sent", ordering="last_run_at")
    def last_sent(self, row: PeriodicTask) -> str:
        return when(row.last_run_at)


class _ScheduleAdmin(ConsoleAdmin):
    """Periods that rows may share. One that a row has is not deleted: the row would go with it."""

    column = ""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not self._rows(obj).exists())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        used = [f"{obj} is the period of {row.name}" for obj in objs for row in self._rows(obj)]
        return _kept(super().get_deleted_objects(objs, request), used)

    def _rows(self, obj: Any) -> Any:
        return PeriodicTask.objects.filter(**{self.column: obj})


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(_ScheduleAdmin):
    form = _IntervalForm
    column = "interval"
    list_display = ("runs",)

    @display(description="runs")
    def runs(self, row: IntervalSchedule) -> str:
        return every(row)


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(_ScheduleAdmin, BeatCrontabScheduleAdmin):
    column = "crontab"
    inlines = ()


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(_ScheduleAdmin, BeatClockedScheduleAdmin):
    column = "clocked"
    inlines = ()


@admin.register(SolarSchedule)
class SolarScheduleAdmin(_ScheduleAdmin):
    column = "solar"
