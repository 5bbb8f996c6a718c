"""The forms of the schedule: StreamHub's tasks only, with periods that it can live with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import PeriodicTaskForm as BeatPeriodicTaskForm
from unfold.widgets import UnfoldAdminSelectWidget

from streamhub.console import schedule_rules
from streamhub.console.utc_input import UtcInput
from streamhub.lifecycle.job_health import length_of
from streamhub.lifecycle.periodic import periodic_jobs

# Of them a row has one.
WHEN = ("interval", "crontab", "solar", "clocked")


def _tasks() -> list[tuple[str, str]]:
    return [("", "---------"), *((str(job.task), f"{job.task}: {job.purpose}") for job in periodic_jobs())]


class PeriodicTaskForm(BeatPeriodicTaskForm):
    """A row of the schedule. Arguments and queues are not asked for: StreamHub's tasks take none."""

    regtask = None
    task = forms.ChoiceField(
        label=_("Task"),
        choices=_tasks,
        widget=UnfoldAdminSelectWidget,
        error_messages={"invalid_choice": _("StreamHub has no periodic task %(value)s.")},
    )

    class Meta(BeatPeriodicTaskForm.Meta):
        help_texts: ClassVar = {
            "name": _("As staff know it. No other row has it."),
            "task": "",
            "enabled": _("Rows are switched on and off in the list."),
            "description": _("What it is for."),
            "interval": _("How often it runs."),
            "crontab": _("At which minutes, hours and days it runs."),
            "solar": _("At which event of the sun it runs."),
            "clocked": _("At which point in time it runs, once."),
            "one_off": _("It runs once, and is switched off then."),
            "start_time": _("It does not run before. Empty: from now on."),
            "expires": _("It does not run after. Empty: for ever."),
            "last_run_at": "",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "interval" in self.fields:
            self.fields["interval"].label_from_instance = schedule_rules.every  # type: ignore[attr-defined]

    def clean(self) -> Any:
        """Not the base's, which asks for arguments in JSON and says one problem at a time.

        The model form's own says that names are compared.
        """
        forms.ModelForm.clean(self)
        data = self.cleaned_data
        interval = data.get("interval")
        job = schedule_rules.job_of(self.instance if self.instance.pk else None)
        if job and "interval" in self.fields and interval is None and "interval" not in self.errors:
            self.add_error(
                "interval",
                _("%(name)s needs an interval. To stop it, switch it off in the list.") % {"name": job.name},
            )
        if interval and (wrong := schedule_rules.wrong_period(length_of(interval), job)):
            self.add_error("interval", wrong)
        if job is None:
            self._check_when(data)
        return data

    def _check_when(self, data: dict[str, Any]) -> None:
        shown = [name for name in WHEN if name in self.fields]
        chosen = [name for name in shown if data.get(name)]
        if shown and not chosen and not any(name in self.errors for name in shown):
            self.add_error(
                shown[0],
                _("Choose when it runs: an interval, a crontab, a solar event or a point in time."),
            )
        for name in chosen[1:]:
            self.add_error(name, _("It has another time already. Choose one of them and empty the others."))
        if "clocked" in chosen and not data.get("one_off"):
            self.add_error("one_off", _("A point in time comes once. Choose this too."))

    def validate_unique(self) -> None:
        """Without the model's own check of its times, which `clean` has made at the fields."""
        try:
            models.Model.validate_unique(self.instance, exclude=self._get_validation_exclusions())
        except ValidationError as error:
            self._update_errors(error)


class ClockedForm(forms.ModelForm):
    """A point in time, as everywhere in the console: in UTC, with the local one under it."""

    clocked_time = forms.DateTimeField(
        label=_("Runs at (UTC)"), widget=UtcInput, help_text=_("Once, at this point in time.")
    )


class IntervalForm(forms.ModelForm):
    """A period. One that rows have keeps to what their jobs need."""

    def clean(self) -> Any:
        data = super().clean() or {}
        if data.get("every") and data.get("period"):
            span = timedelta(**{data["period"]: data["every"]})
            jobs = schedule_rules.jobs_by_name()
            names = schedule_rules.uses(self.instance) if self.instance.pk else []
            for job in [jobs.get(name) for name in names] or [None]:
                if wrong := schedule_rules.wrong_period(span, job):
                    self.add_error("every", wrong)
                    break
        return data
