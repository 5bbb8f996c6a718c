"""The schedule (django-celery-beat) with the console's look: the same forms and actions."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest
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
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from streamhub.console.base import ConsoleAdmin
from streamhub.console.templatetags.console import when

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule):
    admin.site.unregister(model)


def every(interval: IntervalSchedule) -> str:
    """The interval in its largest whole unit: "every 30 days", "every minute"."""
    seconds = int(timedelta(**{interval.period: interval.every}).total_seconds())
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds and seconds % length == 0:
            count = seconds // length
            return f"every {unit}" if count == 1 else f"every {count} {unit}s"
    return str(interval)


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The list of known tasks, with Unfold's look."""


class _PeriodicTaskForm(PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:  # absent for people who may only view
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
            self.fields["regtask"].widget = _TaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BeatPeriodicTaskAdmin, ConsoleAdmin):
    form = _PeriodicTaskForm
    date_hierarchy = None
    list_display = ("name", "enabled", "runs", "queue_name", "last_sent", "total_run_count")
    search_help_text = "Name or task"
    list_filter = ("enabled", "one_off")
    change_form_template = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("interval", "crontab", "solar", "clocked")

    @display(description="runs")
    def runs(self, row: PeriodicTask) -> str:
        return every(row.interval) if row.interval else str(row.scheduler)

    @display(description="queue", ordering="queue")
    def queue_name(self, row: PeriodicTask) -> str:
        return row.queue or "bulk"

    @display(description="last sent", ordering="last_run_at")
    def last_sent(self, row: PeriodicTask) -> str:
        return when(row.last_run_at)


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ConsoleAdmin):
    list_display = ("runs",)

    @display(description="runs")
    def runs(self, row: IntervalSchedule) -> str:
        return every(row)


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(BeatCrontabScheduleAdmin, ConsoleAdmin):
    inlines = ()


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(BeatClockedScheduleAdmin, ConsoleAdmin):
    inlines = ()


@admin.register(SolarSchedule)
class SolarScheduleAdmin(ConsoleAdmin):
    pass
