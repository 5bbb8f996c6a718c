"""The panel "Input" on the pages of channels and of breakouts on air: health, figures and thumbnails."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from channels_app.input_health import input_figures, input_health, is_listening, with_facts
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR
from channels_app.thumbnails import thumbnails
from streamhub.console.facts import Panel


def of_channel(request: HttpRequest, row: Channel) -> Panel | None:
    """None while the channel does not run: it receives nothing then."""
    if not is_listening(row):
        return None
    channel = row if hasattr(row, "input_is_fresh") else with_facts(Channel.objects.all()).get(pk=row.pk)
    context = {
        "health": input_health(channel),
        "figures": input_figures(channel),
        "thumbnails": thumbnails(channel),
        "channel": channel,
    }
    return Panel(_("Input"), "channels_app/input.html", context, "settings_input_component", 2)


def of_breakout(request: HttpRequest, row: Breakout) -> Panel | None:
    if row.channel is None or row.state not in ON_AIR:
        return None
    if not request.user.has_perm("channels_app.view_channel"):
        return None
    return of_channel(request, row.channel)
