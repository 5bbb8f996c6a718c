"""Keep warm until, and no longer: the verbs on a channel's page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app import services
from channels_app.admin import running_cost
from channels_app.admin.now import channel_now
from channels_app.guards import channel as guards
from channels_app.models import Channel
from streamhub.clock import database_now
from streamhub.console.forms import ConsoleForm
from streamhub.console.registry import PageParts
from streamhub.console.utc_input import UtcInput
from streamhub.console.verbs import Verb, guarded

USUAL = timedelta(hours=1)


class WarmForm(ConsoleForm):
    until = forms.DateTimeField(
        label=_("Until (UTC)"),
        widget=UtcInput,
        help_text=_("At most a week ahead. StreamHub stops the channel then, unless a breakout is on air."),
    )


def _initial(row: Channel) -> dict[str, Any]:
    return {"until": row.warm_until or (database_now() + USUAL).replace(second=0, microsecond=0)}


def _consequences(row: Channel) -> list[str]:
    known = (
        [
            gettext("It is kept warm until %(warm_until)s UTC now.")
            % {"warm_until": f"{row.warm_until:%Y-%m-%d %H:%M}"}
        ]
        if row.warm_until
        else []
    )
    return [
        *known,
        gettext("MediaLive runs until then although no breakout is on air, and AWS bills it as if one were."),
        gettext("A breakout that starts meanwhile is on air at once."),
        *running_cost.of_channel(row),
    ]


PARTS = PageParts(
    Channel,
    verbs=(
        Verb(
            name="warm",
            label=_("Keep warm until"),
            icon="local_fire_department",
            permission="channels_app.warm_channel",
            run=lambda row, who, until: services.channel_warm(row, until, who=who),
            refusal=guarded(guards.refusal, "warm"),
            form=WarmForm,
            initial=_initial,
            consequences=_consequences,
            done=_("it is kept warm."),
            now=channel_now,
            costly=True,
            bulk=False,
            order=12,
        ),
        Verb(
            name="cool",
            label=_("Keep warm no longer"),
            icon="mode_cool",
            permission="channels_app.warm_channel",
            run=lambda row, who: services.channel_cool(row, who=who),
            refusal=guarded(guards.refusal, "cool"),
            consequences=lambda row: [gettext("MediaLive is stopped, unless a breakout needs it.")],
            done=_("it is kept warm no longer."),
            now=channel_now,
            order=13,
        ),
    ),
)
