"""Switch input and Restart pipelines: the verbs that may save a show, on a channel's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from channels_app import services
from channels_app.admin.now import channel_now
from channels_app.guards import channel as guards
from channels_app.input_health import input_figures
from channels_app.models import Channel
from channels_app.services.rescue import MAIN, SECOND
from streamhub.console.forms import ConsoleForm
from streamhub.console.registry import PageParts
from streamhub.console.verbs import Verb, guarded


class SwitchForm(ConsoleForm):
    to = forms.ChoiceField(
        label=_("Read from"),
        choices=[(MAIN, _("the main input")), (SECOND, _("the second input"))],
        widget=UnfoldAdminSelectWidget,
    )


def _initial(row: Channel) -> dict[str, Any]:
    """The input that is not read now, as far as is known."""
    return {"to": MAIN if input_figures(row).active_input == SECOND else SECOND}


def _switch_consequences(row: Channel) -> list[str]:
    active = input_figures(row).active_input
    known = gettext("It reads the %(active)s input now. ") % {"active": active} if active else ""
    return [
        gettext("%(known)sMediaLive reads the input that you choose within seconds. Viewers see a cut.")
        % {"known": known},
        gettext("If nothing arrives there, MediaLive goes back after 3 seconds."),
        gettext("It stays there until it is switched again, or until that input is lost."),
    ]


PARTS = PageParts(
    Channel,
    verbs=(
        Verb(
            name="switch-input",
            label=_("Switch input"),
            icon="swap_horiz",
            permission="channels_app.switch_input_channel",
            run=lambda row, who, to: services.channel_switch_input(row, to, who=who),
            refusal=guarded(guards.refusal, "switch-input"),
            form=SwitchForm,
            initial=_initial,
            consequences=_switch_consequences,
            done=_("it is being switched. Its input panel shows what it reads."),
            now=channel_now,
            bulk=False,
            order=13,
        ),
        Verb(
            name="restart-pipelines",
            label=_("Restart pipelines"),
            icon="restart_alt",
            permission="channels_app.restart_pipelines_channel",
            run=lambda row, who: services.channel_restart_pipelines(row, who=who),
            refusal=guarded(guards.refusal, "restart-pipelines"),
            consequences=lambda row: [
                gettext("MediaLive restarts every pipeline. Viewers see a break of up to a minute or two."),
                gettext("It helps when MediaLive is stuck although the input arrives. The URLs stay."),
                gettext("It is sent once. If AWS's answer is lost, the timeline says so."),
            ],
            done=_("its pipelines are being restarted."),
            now=channel_now,
            danger=True,
            order=14,
        ),
    ),
)
