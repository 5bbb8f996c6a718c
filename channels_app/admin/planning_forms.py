"""The forms with which staff plan breakouts: one, the same once more, at another time, or a series."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from channels_app.models import Breakout, Channel
from channels_app.models.channel import Desired
from channels_app.services import REPEATS, plan_errors, series_errors, zone_names
from streamhub.console.edits import EditsRow
from streamhub.console.forms import ConsoleForm
from streamhub.console.searched import Searched
from streamhub.console.utc_input import UtcInput

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# The script shows the time in both zones under the field while it is typed, as `UtcInput` does.
LOCAL_TIME = {"type": "datetime-local", "data-sh-zone-input": "zone"}


def name_field() -> forms.CharField:
    return forms.CharField(widget=UnfoldAdminTextInputWidget, help_text=_("1 to 128 characters."))


def start_field(**options: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=_("Starts at (UTC)"),
        widget=UtcInput,
        **{"required": False, **options},
    )


def duration_field() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Duration (minutes)"), required=False, widget=UnfoldAdminIntegerFieldWidget
    )


def zone_field() -> forms.ChoiceField:
    """In whose local time the start is shown beside UTC."""
    return forms.ChoiceField(
        label=_("Local time zone"),
        required=False,
        choices=[("", "UTC"), *((name, name) for name in zone_names() if name != "UTC")],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Its start is shown in this zone too, beside UTC."),
    )


def customer_field() -> forms.CharField:
    return forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Whose show it is. Empty: what the channel's customer tag says."),
    )


def note_field() -> forms.CharField:
    return forms.CharField(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


def channel_field() -> forms.ModelChoiceField[Channel]:
    return forms.ModelChoiceField(
        queryset=Channel.objects.exclude(desired=Desired.DELETED),
        help_text=_("A channel carries one breakout at a time."),
    )


class PlanForm(ConsoleForm):
    """A form about a plan: what is the same as before is not judged again, such as a start that is past."""

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        return plan_errors({name: value for name, value in data.items() if value != self.initial.get(name)})


class ChoosesChannel(PlanForm):
    """A form with `channel`, which is searched while it is typed: there may be ten thousand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["channel"]
        widget = Searched(Breakout._meta.get_field("channel"), admin.site)
        widget.choices = field.choices  # type: ignore[attr-defined]
        field.widget = widget


class BreakoutForm(ChoosesChannel):
    channel = channel_field()
    name = name_field()
    starts_at = start_field(help_text=_("Nothing happens by itself then, unless Schedule says so."))
    time_zone = zone_field()
    duration_minutes = duration_field()
    customer = customer_field()
    note = note_field()


def _too_late(label: StrOrPromise) -> str:
    """What is said of a field that was sent from a page that is older than the show's start or end."""
    text = gettext(
        "The show has begun or ended meanwhile: %(field)s cannot be changed any more. Nothing was changed."
    )
    return text % {"field": label}


class BreakoutEditForm(EditsRow, PlanForm):
    """A breakout's fields that can change now: its `initial` has no other."""

    name = name_field()
    starts_at = start_field()
    time_zone = zone_field()
    duration_minutes = duration_field()
    customer = customer_field()
    note = note_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.take_out(set(self.fields) - set(self.initial))

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        refused = {name: _too_late(self.taken_out[name].label or name) for name in self.sent_in_vain()}
        return {**super().problems(data), **refused}


class RescheduleForm(EditsRow, PlanForm):
    starts_at = start_field(required=True)
    duration_minutes = duration_field()


class DuplicateForm(PlanForm):
    name = name_field()
    starts_at = start_field()


class TimesField(forms.CharField):
    """One local time per line, such as 2026-12-01 19:30; cleans to a list of naive times."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def clean(self, value: Any) -> list[datetime]:
        times = []
        for line in super().clean(value).splitlines():
            if not line.strip():
                continue
            try:
                times.append(datetime.strptime(line.strip().replace("T", " "), "%Y-%m-%d %H:%M"))
            except ValueError:
                raise forms.ValidationError(
                    _("%(strip)s is not a time. Write one per line, such as 2026-12-01 19:30.")
                    % {"strip": repr(line.strip()[:40])}
                ) from None
        return times


class LocalTimeField(forms.CharField):
    """A local time as a browser writes it; cleans to a naive time. The zone is another field's."""

    def clean(self, value: Any) -> datetime:
        try:
            return datetime.strptime(super().clean(value)[:16].replace(" ", "T"), "%Y-%m-%dT%H:%M")
        except ValueError:
            raise forms.ValidationError(_("Give a day and a time, such as 2026-12-01 19:30.")) from None


class SeriesForm(ChoosesChannel):
    """The same show at several times. The times are those of the named zone's clocks."""

    channel = channel_field()
    name = name_field()
    first = LocalTimeField(label=_("First show"), widget=UnfoldAdminTextInputWidget(attrs=LOCAL_TIME))
    zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=[(name, name) for name in zone_names()],
        initial="UTC",
        widget=UnfoldAdminSelectWidget(attrs={"data-sh-own-zone": ""}),
        help_text=_("The shows keep their local time here when its clocks change."),
    )
    repeats = forms.ChoiceField(choices=list(REPEATS.items()), widget=UnfoldAdminSelectWidget)
    times = forms.IntegerField(label=_("How many"), initial=6, widget=UnfoldAdminIntegerFieldWidget)
    also = TimesField(
        label=_("Also at"),
        required=False,
        help_text=_("More local times, one per line, such as 2026-12-01 19:30."),
    )
    duration_minutes = duration_field()
    customer = customer_field()
    note = note_field()
    # The show that this is a series of: its shows get its schedule too.
    like = forms.IntegerField(required=False, widget=forms.HiddenInput)

    service_fields: ClassVar = {"starts_at": "first"}

    def problems(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        usual = {"zone": "UTC", "repeats": "daily", "times": 1, "also": []}
        times = series_errors(**{name: data.get(name, value) for name, value in usual.items()})
        return {**super().problems(data), **times}
