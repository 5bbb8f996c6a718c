"""Breakouts follow their channel: called with every state change of a channel, in its transaction."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from channels_app.models import Attachment, Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import Desired
from channels_app.models.channel import State as ChannelState
from streamhub.lifecycle import states, wake
from streamhub.lifecycle.models import error_fields_of
from streamhub.task_names import TaskName

# MediaLive's states in which it costs, and in which a session is not over.
ENCODING = ("STARTING", "RUNNING", "RECOVERING", "STOPPING")

# A channel in one of these states was last seen running, or on its way there or back.
MOVED_BY_MEDIALIVE = (ChannelState.STARTING, ChannelState.RUNNING, ChannelState.STOPPING)

# A channel in one of these states does not run and is not about to, unless it was asked to.
AT_REST = (ChannelState.IDLE, ChannelState.DELETING, ChannelState.PENDING, ChannelState.PROVISIONING)


def on_air(channel: Channel) -> Breakout | None:
    """The channel's breakout that is starting, running or stopping, if any."""
    return Breakout.objects.filter(channel=channel, state__in=ON_AIR).first()


def follow(channel: Channel) -> None:
    """Move the channel's on-air breakout on, if the channel's state says so. Idempotent."""
    breakout = on_air(channel)
    if breakout is None:
        return
    if breakout.state == State.STARTING and channel.state == ChannelState.RUNNING:
        _move(breakout, State.RUNNING, "the channel runs", session_started_at=timezone.now())
    elif channel.state == ChannelState.FAILED and _cannot_run(breakout, channel):
        _fail(breakout, channel)
    elif breakout.state == State.STOPPING and _over(channel):
        breakout_end(breakout)


def _cannot_run(breakout: Breakout, channel: Channel) -> bool:
    """A failed channel starts nothing; what runs already runs on, unless MediaLive's channel is gone."""
    if breakout.state == State.STARTING:
        return True
    return breakout.state == State.RUNNING and not encoding(channel)


def encoding(channel: Channel) -> bool:
    """Whether MediaLive runs, as far as we know, or is on its way there or back."""
    return not channel.ml_channel_gone and channel.ml_channel_state in ENCODING


def may_run(channel: Channel) -> bool:
    """Whether MediaLive runs, or may: by what was last seen, what was asked for, or what is not known."""
    if channel.desired == Desired.RUNNING or encoding(channel):
        return True
    if channel.ml_channel_gone or not channel.ml_channel_id:
        return False
    # A step that has not ended well may have started it.
    unsure = channel.start_accepted_at is not None or channel.attempts > 0
    return unsure or channel.state in MOVED_BY_MEDIALIVE


def _over(channel: Channel) -> bool:
    """AWS is idle again; or the channel is kept warm and runs on by intent."""
    if channel.state in AT_REST:
        return True
    if channel.state == ChannelState.FAILED:
        return not encoding(channel) or channel.warm_until is not None
    return channel.state == ChannelState.RUNNING and channel.desired == Desired.RUNNING


def breakout_end(breakout: Breakout) -> None:
    """The breakout is over: completed, or cancelled if that is how the stop was meant."""
    attachments_close(breakout)
    # Its bytes may be asked for from now on; by name, for this app does not know who collects them.
    transaction.on_commit(partial(wake.send_safely, TaskName.COLLECT_METRICS, "bulk"))
    transaction.on_commit(partial(wake.send_safely, TaskName.LIST_RECORDINGS, "bulk"))
    if breakout.cancelling:
        _move(breakout, State.CANCELLED, "cancelled before it ran")
    else:
        _move(breakout, State.COMPLETED, "the channel is idle again")


def attachments_close(breakout: Breakout) -> None:
    Attachment.objects.filter(breakout=breakout, ended_at__isnull=True).update(ended_at=timezone.now())


def _fail(breakout: Breakout, channel: Channel) -> None:
    attachments_close(breakout)
    why = f"the channel could not {channel.failed_step}"
    _move(breakout, State.FAILED, why, **error_fields_of(channel))


def _move(breakout: Breakout, to: str, why: str, **fields: Any) -> None:
    states.change(breakout, to, why=why, **fields)


def channel_gone(channel: Channel) -> None:
    """The channel's row is about to go: nothing may stay on air on it."""
    for breakout in Breakout.objects.filter(Q(channel=channel), state__in=ON_AIR):
        breakout_end(breakout)
