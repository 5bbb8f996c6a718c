"""One show after the other: the verbs Take over and Extend on a breakout's page."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from channels_app import breakout_sync, services
from channels_app.admin.now import breakout_now
from channels_app.guards import breakout as guards
from channels_app.models import Breakout
from streamhub.console.forms import ConsoleForm
from streamhub.console.registry import PageParts
from streamhub.console.verbs import Verb, guarded


class ExtendForm(ConsoleForm):
    minutes = forms.IntegerField(
        label=_("Minutes more"),
        initial=15,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Added to the planned duration; a week in all at most."),
    )


def _take_over_consequences(row: Breakout) -> list[str]:
    running = breakout_sync.on_air(row.channel) if row.channel else None
    ends = (
        gettext("%(name)s ends for its viewers and is completed.") % {"name": running.name}
        if running
        else gettext("The running one ends.")
    )
    raised = gettext("raised: viewers may watch it at once") if row.curtain_raised else gettext("lowered")
    return [
        ends,
        gettext(
            "%(name)s is on air in the same moment. MediaLive is not stopped, and the playback URL stays."
        )
        % {"name": row.name},
        gettext("Its own curtain is %(raised)s.") % {"raised": raised},
    ]


def _extend_consequences(row: Breakout) -> list[str]:
    end = row.planned_end_at
    planned = (
        gettext("It is planned to end %(end)s UTC.") % {"end": f"{end:%Y-%m-%d %H:%M}"}
        if end
        else gettext("Its end follows from its start.")
    )
    return [planned, gettext("Its planned end moves. The stream is not touched.")]


PARTS = PageParts(
    Breakout,
    verbs=(
        Verb(
            name="take-over",
            label=_("Take over"),
            icon="swap_horiz",
            permission="channels_app.take_over_breakout",
            run=lambda row, who: services.breakout_take_over(row, who=who),
            refusal=guarded(guards.refusal, "take-over"),
            consequences=_take_over_consequences,
            done=_("it is on air."),
            now=breakout_now,
            danger=True,
            bulk=False,
            order=22,
        ),
        Verb(
            name="extend",
            label=_("Extend"),
            icon="more_time",
            permission="channels_app.extend_breakout",
            run=lambda row, who, minutes: services.breakout_extend(row, minutes, who=who),
            refusal=guarded(guards.refusal, "extend"),
            form=ExtendForm,
            consequences=_extend_consequences,
            done=_("its planned end has moved."),
            now=breakout_now,
            bulk=False,
            order=35,
        ),
    ),
)
