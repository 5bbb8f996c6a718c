"""The preview of a breakout: the playback URL as a browser of the staff reaches it, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from channels_app import playback
from channels_app.models import Breakout
from channels_app.models.breakout import State
from streamhub.aws.players import address_for_browsers
from streamhub.errors import EmbeddedNotRunning

NOT_RUNNING = {
    State.IDLE: _("There is no picture yet: the breakout has not been started."),
    State.STARTING: _("There is no picture yet: the breakout is starting."),
    State.STOPPING: _("There is no picture any more: the breakout is stopping."),
    State.FAILED: _("There is no picture: the breakout has failed."),
}
LOWERED = _("The curtain is lowered, so there is no playback URL. Raise the curtain to see what viewers get.")
NO_CHANNEL = _("There is no picture: the channel is deleted.")
NO_URL = _(
    "There is no playback URL yet: the distribution has no domain, or the channel has no origin endpoint."
)


@dataclass(frozen=True)
class Preview:
    """`url` None: there is nothing to see, for the `reason`. `signed`: the player asks for a signature."""

    url: str | None
    reason: str = ""
    signed: bool = False


def of_breakout(breakout: Breakout) -> Preview:
    """What viewers of the breakout get now."""
    if reason := _reason(breakout):
        return Preview(None, reason)
    url = playback.of_breakout(breakout)
    if url is None:
        return Preview(None, str(NO_URL))
    try:
        return Preview(address_for_browsers(url), signed=playback.is_protected(breakout))
    except EmbeddedNotRunning as error:
        return Preview(None, str(error))


def _reason(breakout: Breakout) -> str:
    if breakout.state != State.RUNNING:
        return str(NOT_RUNNING.get(State(breakout.state), ""))
    if breakout.channel is None:
        return str(NO_CHANNEL)
    return "" if breakout.curtain_raised else str(LOWERED)
