"""The events of channels and breakouts, for webhooks."""

from channels_app.models import Breakout, Channel
from streamhub.webhooks.kinds import EventKind

EVENT_KINDS = (
    EventKind("channel.state_changed", "a channel changes its state", resource=Channel.KIND),
    EventKind("breakout.state_changed", "a breakout changes its state", resource=Breakout.KIND),
)
