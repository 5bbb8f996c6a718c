"""One show after the other: the verbs Take over and Extend on a breakout's page."""

from __future__ import annotations

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from channels_app import breakout_sync, services
from channels_app.admin.now import breakout_now
from channels_app.guards import breakout as guards
from channels_app.models import Breakout
from streamhub.console.registry import PageParts
from streamhub.console.verbs import Verb


class ExtendForm(forms.Form):
    minutes = forms.IntegerField(
        label="Minutes more",
        initial=15,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Added to the planned duration; a week in all at most.",
    )


def _take_over_consequences(row: Breakout) -> list[str]:
    running = breakout_sync.on_air(row.channel) if row.channel else None
    ends = f"{running.name} ends for its viewers and is completed." if running else "The running one ends."
    raised = "raised: viewers may watch it at once" if row.curtain_raised else "lowered"
    return [
        ends,
        f"{row.name} is on air in the same moment. MediaLive is not stopped, and the playback URL stays.",
        f"Its own curtain is {raised}.",
    ]


def _extend_consequences(row: Breakout) -> list[str]:
    end = row.planned_end_at
    planned = f"It is planned to end {end:%Y-%m-%d %H:%M} UTC." if end else "Its end follows from its start."
    return [planned, "Its planned end moves. The stream is not touched."]


PARTS = PageParts(
    Breakout,
    verbs=(
        Verb(
            name="take-over",
            label="Take over",
            icon="swap_horiz",
            permission="channels_app.take_over_breakout",
            run=lambda row, who: services.breakout_take_over(row, who=who),
            refusal=lambda _row, situation: guards.refusal("take-over", situation),
            consequences=_take_over_consequences,
            done="it is on air.",
            now=breakout_now,
            danger=True,
            bulk=False,
            order=22,
        ),
        Verb(
            name="extend",
            label="Extend",
            icon="more_time",
            permission="channels_app.extend_breakout",
            run=lambda row, who, minutes: services.breakout_extend(row, minutes, who=who),
            refusal=lambda _row, situation: guards.refusal("extend", situation),
            form=ExtendForm,
            consequences=_extend_consequences,
            done="its planned end has moved.",
            now=breakout_now,
            bulk=False,
            order=35,
        ),
    ),
)
