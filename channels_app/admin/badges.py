"""Badges for the states of channels, breakouts and security groups, and filters on those states."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_app.models import Breakout, SecurityGroup
from channels_app.models.breakout import ON_AIR
from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import State as ChannelState
from streamhub.console.badges import Badge, Tone, busy

CHANNEL = {
    ChannelState.PENDING: busy("schedule"),
    ChannelState.PROVISIONING: busy("construction"),
    ChannelState.IDLE: Badge(Tone.GOOD, "check_circle"),
    ChannelState.STARTING: busy("rocket_launch"),
    ChannelState.RUNNING: Badge(Tone.LIVE, "sensors"),
    ChannelState.STOPPING: busy("stop_circle"),
    ChannelState.DELETING: busy("delete_sweep"),
    ChannelState.FAILED: Badge(Tone.BAD, "error"),
}
CHANNEL_MOVING = [state.value for state, badge in CHANNEL.items() if badge.moving]

BREAKOUT = {
    BreakoutState.IDLE: Badge(Tone.CALM, "event", word=_("planned")),
    BreakoutState.STARTING: busy("rocket_launch"),
    BreakoutState.RUNNING: Badge(Tone.LIVE, "sensors"),
    BreakoutState.STOPPING: busy("stop_circle"),
    BreakoutState.COMPLETED: Badge(Tone.GOOD, "task_alt"),
    BreakoutState.CANCELLED: Badge(Tone.CALM, "event_busy"),
    BreakoutState.FAILED: Badge(Tone.BAD, "error"),
}
BREAKOUT_MOVING = (BreakoutState.STARTING, BreakoutState.STOPPING)

SECURITY_GROUP = {
    SecurityGroup.State.PENDING: busy("schedule"),
    SecurityGroup.State.READY: Badge(Tone.GOOD, "verified_user"),
    SecurityGroup.State.DELETING: busy("delete_sweep"),
    SecurityGroup.State.FAILED: Badge(Tone.BAD, "error"),
}


def in_trouble() -> Q:
    """Channels or security groups that have failed (both spell it alike) or show an error."""
    return Q(state=ChannelState.FAILED) | ~Q(error_code="")


def channels_on_air() -> Q:
    """Channels with a breakout on air."""
    on_air = Breakout.objects.filter(state__in=ON_AIR, channel__isnull=False)
    return Q(pk__in=on_air.values("channel_id"))
