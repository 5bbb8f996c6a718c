"""Rescue verbs of a running channel: read the other input now, restart the pipelines.

Each is a wish on the row, which a worker sends once. It is dropped when the channel stops.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels_app import breakout_sync
from channels_app.guards import channel as guards
from channels_app.models import Channel
from channels_app.services.channel import channel_intent, locked_channel
from channels_app.services.situations import channel_situation
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.errors import Invalid
from streamhub.lifecycle import states

# The names of the inputs: those of their attachments on MediaLive.
MAIN, SECOND = "main", "second"
INPUTS = (MAIN, SECOND)
# The columns without a wish.
NO_WISH: dict[str, Any] = {
    "switch_wanted": "",
    "switch_sent_at": None,
    "restart_wanted": False,
    "restart_sent_at": None,
}


@transaction.atomic
@audit.verb("channels_app.switch_input_channel")
def channel_switch_input(channel: Channel, to: str, *, who: Actor) -> Channel:
    """Have MediaLive read the input `to` ("main" or "second") now. Raises `Invalid`, `NotPossible`."""
    if to not in INPUTS:
        raise Invalid({"to": _("Choose one of %(choices)s.") % {"choices": ", ".join(INPUTS)}})
    row = locked_channel(channel.pk)
    guards.check("switch-input", channel_situation(row))
    _tell(row, f"switch to the {to} input requested", who)
    channel_intent(row, switch_wanted=to, switch_serial=row.switch_serial + 1, switch_sent_at=None)
    return row


@transaction.atomic
@audit.verb("channels_app.restart_pipelines_channel")
def channel_restart_pipelines(channel: Channel, *, who: Actor) -> Channel:
    """Restart all pipelines of the running channel: viewers see a break. Raises `NotPossible`."""
    row = locked_channel(channel.pk)
    if not guards.check("restart-pipelines", channel_situation(row)):
        return row
    _tell(row, "restart of its pipelines requested", who)
    channel_intent(row, restart_wanted=True, restart_sent_at=None)
    return row


def _tell(row: Channel, why: str, who: Actor) -> None:
    """On the timelines of the channel and of its breakout on air."""
    states.record(row, row.state, row.state, who=who, why=why)
    breakout = breakout_sync.on_air(row)
    if breakout is not None:
        states.record(breakout, breakout.state, breakout.state, who=who, why=f"the channel: {why}")
