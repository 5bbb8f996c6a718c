"""The schedule (django-celery-beat) with the console's look, and with what protects StreamHub's own jobs."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import ClockedScheduleAdmin as BeatClockedScheduleAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BeatCrontabScheduleAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BeatPeriodicTaskAdmin
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from kombu.exceptions import OperationalError

from streamhub.console import schedule_rules
from streamhub.console.admin.beat_forms import ClockedForm, IntervalForm, PeriodicTaskForm
from streamhub.console.base import ConsoleAdmin
from streamhub.console.schedule_rules import every
from streamhub.console.templatetags.console import when
from streamhub.task_names import QueueName

log = logging.getLogger(__name__)

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule):
    admin.site.unregister(model)


def _kept(deletion: tuple[Any, Any, Any, Any], reasons: list[str]) -> tuple[Any, Any, Any, Any]:
    """Django's plan of a deletion, which these reasons forbid. They are shown in place of "no permission"."""
    deleted, counts, perms_needed, protected = deletion
    return deleted, counts, set() if reasons else perms_needed, [*protected, *reasons]


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BeatPeriodicTaskAdmin, ConsoleAdmin):
    """The schedule. Actions switch StreamHub's own jobs on and off; they are never deleted or redirected."""

    purpose = _(
        "The schedule of the jobs that keep database and AWS true to each other. manage.py bootstrap "
        "fills it."
    )
    form = PeriodicTaskForm
    date_hierarchy = None
    list_display = ("name", "enabled", "runs", "queue_name", "last_sent", "total_run_count")
    search_help_text = _("Name or task")
    list_filter = ("enabled", "one_off")
    change_form_template = None
    actions = ("switch_on", "switch_off", "run_now")
    fieldsets = (
        (None, {"fields": ("name", "task", "enabled", "description")}),
        (
            _("When"),
            {
                "fields": ("interval", "crontab", "crontab_translation", "solar", "clocked", "one_off"),
                "description": _("Choose one of interval, crontab, solar event and point in time."),
            },
        ),
        (_("From when on"), {"fields": ("start_time", "expires", "last_run_at")}),
    )

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
            [
                gettext("%(name)s is a job of StreamHub: switch it off instead") % {"name": name}
                for name in jobs
            ],
        )

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, enabled=True)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask first, and say what stops."""
        if request.POST.get("confirmed"):
            self._switch(request, queryset, enabled=False)
            return None
        rows = list(queryset.filter(enabled=True))
        if not rows:
            self.message_user(request, gettext("They are all off already."))
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": ngettext("Switch off %(rows)s job?", "Switch off %(rows)s jobs?", len(rows))
            % {"rows": len(rows)},
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
                self.log_change(
                    request, row, gettext("Switched on.") if enabled else gettext("Switched off.")
                )
                changed.append(row.name)
        for name in changed:
            log.warning("Schedule: %s was switched %s by %s", name, word, request.user)
        if changed:
            said = gettext("Switched on: %(names)s.") if enabled else gettext("Switched off: %(names)s.")
        else:
            said = gettext("They are all on already.") if enabled else gettext("They are all off already.")
        said %= {"names": ", ".join(changed)}
        self.message_user(request, said)

    @admin.action(description=_("Run now"), permissions=["change"])
    def run_now(self, request: HttpRequest, queryset: Any) -> None:
        """Send the tasks once, beside their schedule."""
        try:
            self.run_tasks(request, queryset)
        except (OperationalError, OSError) as error:
            self.message_user(
                request,
                gettext("Nothing was sent: the broker is away (%(error)s).") % {"error": error},
                messages.ERROR,
            )
            return
        for row in queryset:
            self.log_change(request, row, gettext("Run now."))

    @display(description=_("runs"))
    def runs(self, row: PeriodicTask) -> str:
        return every(row.interval) if row.interval else str(row.scheduler)

    @display(description=_("queue"), ordering="queue")
    def queue_name(self, row: PeriodicTask) -> str:
        return row.queue or QueueName.BULK

    @display(description=_("last sent"), ordering="last_run_at")
    def last_sent(self, row: PeriodicTask) -> str:
        return when(row.last_run_at)


class _ScheduleAdmin(ConsoleAdmin):
    """Periods that rows may share. One that a row has is not deleted: the row would go with it."""

    purpose = _("How often a periodic task runs. Add one only if a task needs a time that is not there yet.")
    column = ""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not self._rows(obj).exists())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        used = [
            gettext("%(obj)s is the period of %(name)s") % {"obj": obj, "name": row.name}
            for obj in objs
            for row in self._rows(obj)
        ]
        return _kept(super().get_deleted_objects(objs, request), used)

    def _rows(self, obj: Any) -> Any:
        return PeriodicTask.objects.filter(**{self.column: obj})


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(_ScheduleAdmin):
    form = IntervalForm
    column = "interval"
    list_display = ("runs",)

    @display(description=_("runs"))
    def runs(self, row: IntervalSchedule) -> str:
        return every(row)


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(_ScheduleAdmin, BeatCrontabScheduleAdmin):
    column = "crontab"
    inlines = ()


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(_ScheduleAdmin, BeatClockedScheduleAdmin):
    column = "clocked"
    form = ClockedForm
    verbose_name, verbose_name_plural = _("point in time"), _("points in time")
    inlines = ()
    list_display = ("runs",)

    @display(description=_("runs"), ordering="clocked_time")
    def runs(self, row: ClockedSchedule) -> str:
        return when(row.clocked_time)


@admin.register(SolarSchedule)
class SolarScheduleAdmin(_ScheduleAdmin):
    column = "solar"
