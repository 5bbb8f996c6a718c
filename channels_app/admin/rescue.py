"""Switch input and Restart pipelines: the verbs that may save a show, on a channel's page."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from channels_app import services
from channels_app.admin.now import channel_now
from channels_app.guards import channel as guards
from channels_app.input_health import input_figures
from channels_app.models import Channel
from channels_app.services.rescue import MAIN, SECOND
from streamhub.console.registry import PageParts
from streamhub.console.verbs import Verb


class SwitchForm(forms.Form):
    to = forms.ChoiceField(
        label="Read from",
        choices=[(MAIN, "the main input"), (SECOND, "the second input")],
        widget=UnfoldAdminSelectWidget,
    )


def _initial(row: Channel) -> dict[str, Any]:
    """The input that is not read now, as far as is known."""
    return {"to": MAIN if input_figures(row).active_input == SECOND else SECOND}


def _switch_consequences(row: Channel) -> list[str]:
    active = input_figures(row).active_input
    known = f"It reads the {active} input now. " if active else ""
    return [
        f"{known}MediaLive reads the input that you choose within seconds. Viewers see a cut.",
        "If nothing arrives there, MediaLive goes back after 3 seconds.",
        "It stays there until it is switched again, or until that input is lost.",
    ]


PARTS = PageParts(
    Channel,
    verbs=(
        Verb(
            name="switch-input",
            label="Switch input",
            icon="swap_horiz",
            permission="channels_app.switch_input_channel",
            run=lambda row, who, to: services.channel_switch_input(row, to, who=who),
            refusal=lambda _row, situation: guards.refusal("switch-input", situation),
            form=SwitchForm,
            initial=_initial,
            consequences=_switch_consequences,
            done="it is being switched. Its input panel shows what it reads.",
            now=channel_now,
            bulk=False,
            order=13,
        ),
        Verb(
            name="restart-pipelines",
            label="Restart pipelines",
            icon="restart_alt",
            permission="channels_app.restart_pipelines_channel",
            run=lambda row, who: services.channel_restart_pipelines(row, who=who),
            refusal=lambda _row, situation: guards.refusal("restart-pipelines", situation),
            consequences=lambda row: [
                "MediaLive restarts every pipeline. Viewers see a break of up to a minute or two.",
                "It helps when MediaLive is stuck although the input arrives. The URLs stay.",
                "It is sent once. If AWS's answer is lost, the timeline says so.",
            ],
            done="its pipelines are being restarted.",
            now=channel_now,
            danger=True,
            order=14,
        ),
    ),
)
