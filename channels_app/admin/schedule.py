"""Schedule: the verbs with which staff choose what StreamHub does by itself, and what they see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldBooleanWidget

from channels_app import services
from channels_app.admin.now import breakout_now, channel_now
from channels_app.decide.schedule import MOST, rules_of
from channels_app.guards import breakout as guards
from channels_app.guards import channel as channel_guards
from channels_app.models import Breakout, Channel
from streamhub.console.edits import EditsRow
from streamhub.console.facts import Fact
from streamhub.console.registry import PageParts
from streamhub.console.verbs import Verb, guarded

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LABELS = {
    "preflight_minutes": _("Pre-flight, minutes before the start"),
    "warm_up_minutes": _("Warm-up, minutes before the start"),
    "reminder_minutes": _("Reminder, minutes after a start that nobody made"),
    "end_warning_minutes": _("Warning, minutes before the planned end"),
    "auto_start": _("Start by itself"),
    "auto_stop": _("Stop by itself"),
}
HELP = {
    "preflight_minutes": _("Prepare it, and alarm if it is not ready."),
    "warm_up_minutes": _("Start the channel, so that the show is on air at once. AWS bills it from then on."),
    "reminder_minutes": _("An alarm."),
    "end_warning_minutes": _("An alarm, until it is stopped or extended."),
    "auto_start": _("At its planned start. If that is not possible for ten minutes, it is an alarm instead."),
    "auto_stop": _("At its planned end."),
}
YES, NO = "yes", "no"


def _minutes(name: str, empty: StrOrPromise) -> forms.IntegerField:
    return forms.IntegerField(
        label=LABELS[name],
        required=False,
        min_value=0,
        max_value=MOST[name],
        help_text=format_lazy("{} {}", HELP[name], empty),
        widget=UnfoldAdminIntegerFieldWidget,
    )


def _chosen(data: dict[str, Any]) -> dict[str, Any]:
    """The choice without what is left empty; 0 minutes are not at all."""
    return {name: value or None for name, value in data.items() if name in MOST and value is not None}


class ChannelScheduleForm(EditsRow):
    whole = True
    preflight_minutes = _minutes("preflight_minutes", _("Empty: no."))
    warm_up_minutes = _minutes("warm_up_minutes", _("Empty: no."))
    reminder_minutes = _minutes("reminder_minutes", _("Empty: no."))
    end_warning_minutes = _minutes("end_warning_minutes", _("Empty: no."))
    auto_start = forms.BooleanField(
        label=LABELS["auto_start"], required=False, help_text=HELP["auto_start"], widget=UnfoldBooleanWidget
    )
    auto_stop = forms.BooleanField(
        label=LABELS["auto_stop"], required=False, help_text=HELP["auto_stop"], widget=UnfoldBooleanWidget
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        flags = {name: True for name in ("auto_start", "auto_stop") if data.get(name)}
        return {"choice": {**_chosen(data), **flags}}


AS_CHANNEL = _("Empty: as its channel. 0: no.")


def _flag(name: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=LABELS[name],
        required=False,
        choices=[("", gettext("as its channel")), (YES, "yes"), (NO, "no")],
        help_text=HELP[name],
        widget=UnfoldAdminSelectWidget,
    )


class BreakoutScheduleForm(EditsRow):
    whole = True
    preflight_minutes = _minutes("preflight_minutes", AS_CHANNEL)
    warm_up_minutes = _minutes("warm_up_minutes", AS_CHANNEL)
    reminder_minutes = _minutes("reminder_minutes", AS_CHANNEL)
    end_warning_minutes = _minutes("end_warning_minutes", AS_CHANNEL)
    auto_start = _flag("auto_start")
    auto_stop = _flag("auto_stop")

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        flags = {name: data[name] == YES for name in ("auto_start", "auto_stop") if data.get(name)}
        return {"choice": {**_chosen(data), **flags}}


def _initial(row: Channel | Breakout) -> dict[str, Any]:
    values = {name: 0 if value is None else value for name, value in row.schedule.items()}
    if isinstance(row, Breakout):
        values |= {name: YES if value else NO for name, value in values.items() if name not in MOST}
    return values


def breakout_fact(row: Breakout) -> Fact:
    hint = "" if row.starts_at else gettext("Without a planned start StreamHub starts nothing by itself.")
    return Fact(gettext("by itself"), services.what_is_on(services.schedule_of(row)), hint=hint)


def channel_fact(row: Channel) -> Fact:
    return Fact(
        gettext("by itself"),
        services.what_is_on(rules_of(row.schedule, {})),
        hint=gettext("For its breakouts."),
    )


def _for_breakout(row: Breakout) -> list[str]:
    its = services.what_is_on(rules_of(row.channel.schedule, {})) if row.channel else gettext("nothing")
    return [
        gettext("Its channel says: %(its)s.") % {"its": its},
        gettext("What StreamHub does by itself is on its timeline."),
    ]


CHANNEL_PARTS = PageParts(
    Channel,
    verbs=(
        Verb(
            name="schedule",
            label=_("Schedule"),
            icon="event_repeat",
            permission="channels_app.schedule_channel",
            run=lambda row, who, choice: services.channel_schedule(row, choice, who=who),
            refusal=guarded(channel_guards.refusal, "schedule"),
            form=ChannelScheduleForm,
            initial=_initial,
            consequences=lambda row: [
                gettext("It counts for each of its breakouts that has no choice of its own.")
            ],
            done=_("its schedule is chosen."),
            now=channel_now,
            bulk=False,
            order=19,
        ),
    ),
)
BREAKOUT_PARTS = PageParts(
    Breakout,
    verbs=(
        Verb(
            name="schedule",
            label=_("Schedule"),
            icon="event_repeat",
            permission="channels_app.schedule_breakout",
            run=lambda row, who, choice: services.breakout_schedule(row, choice, who=who),
            refusal=guarded(guards.refusal, "schedule"),
            form=BreakoutScheduleForm,
            initial=_initial,
            consequences=_for_breakout,
            done=_("its schedule is chosen."),
            now=breakout_now,
            bulk=False,
            order=36,
        ),
    ),
)
