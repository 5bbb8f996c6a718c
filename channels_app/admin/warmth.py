"""Keep warm until, and no longer: the verbs on a channel's page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from channels_app import services
from channels_app.admin import running_cost
from channels_app.admin.now import channel_now
from channels_app.guards import channel as guards
from channels_app.models import Channel
from streamhub.clock import database_now
from streamhub.console.registry import PageParts
from streamhub.console.verbs import Verb

USUAL = timedelta(hours=1)


class WarmForm(forms.Form):
    until = forms.DateTimeField(
        label="Until (UTC)",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "data-sh-utc-input": ""}),
        help_text="At most a week ahead. StreamHub stops the channel then, unless a breakout is on air.",
    )


def _initial(row: Channel) -> dict[str, Any]:
    until = row.warm_until or (database_now() + USUAL).replace(second=0, microsecond=0)
    return {"until": f"{until:%Y-%m-%dT%H:%M}"}


def _consequences(row: Channel) -> list[str]:
    known = [f"It is kept warm until {row.warm_until:%Y-%m-%d %H:%M} UTC now."] if row.warm_until else []
    return [
        *known,
        "MediaLive runs until then although no breakout is on air, and AWS bills it as if one were.",
        "A breakout that starts meanwhile is on air at once.",
        *running_cost.of_channel(row),
    ]


PARTS = PageParts(
    Channel,
    verbs=(
        Verb(
            name="warm",
            label="Keep warm until",
            icon="local_fire_department",
            permission="channels_app.warm_channel",
            run=lambda row, who, until: services.channel_warm(row, until, who=who),
            refusal=lambda _row, situation: guards.refusal("warm", situation),
            form=WarmForm,
            initial=_initial,
            consequences=_consequences,
            done="it is kept warm.",
            now=channel_now,
            costly=True,
            bulk=False,
            order=12,
        ),
        Verb(
            name="cool",
            label="Keep warm no longer",
            icon="mode_cool",
            permission="channels_app.warm_channel",
            run=lambda row, who: services.channel_cool(row, who=who),
            refusal=lambda _row, situation: guards.refusal("cool", situation),
            consequences=lambda row: ["MediaLive is stopped, unless a breakout needs it."],
            done="it is kept warm no longer.",
            now=channel_now,
            order=13,
        ),
    ),
)
