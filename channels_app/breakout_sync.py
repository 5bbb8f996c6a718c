"""Updates breakouts when their channel changes state, in the transaction of that change."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from channels_app.models import Attachment, Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import Desired
from channels_app.models.channel import State as ChannelState
from streamhub.clock import end_of
from streamhub.lifecycle import states, wake
from streamhub.lifecycle.models import error_fields, error_fields_of
from streamhub.task_names import QueueName, TaskName

# MediaLive's states in which the encoder costs money and a session is not over.
ENCODING = ("STARTING", "RUNNING", "RECOVERING", "STOPPING")

# A channel in one of these states runs, starts or stops, as far as is known.
MOVED_BY_MEDIALIVE = (ChannelState.STARTING, ChannelState.RUNNING, ChannelState.STOPPING)

# A channel in one of these states does not run.
AT_REST = (ChannelState.IDLE, ChannelState.DELETING, ChannelState.PENDING, ChannelState.PROVISIONING)


IDLE_AGAIN = "the channel is idle again"
GOES_ON = "the channel is needed by others and goes on"


def all_on_air(channel: Channel) -> list[Breakout]:
    """The channel's breakouts that are starting, running or stopping; the one that needs it comes first."""
    rows = Breakout.objects.filter(channel=channel, state__in=ON_AIR).order_by("pk")
    return sorted(rows, key=lambda row: row.state == State.STOPPING)


def on_air(channel: Channel) -> Breakout | None:
    """The channel's breakout that is starting or running, else one that is stopping, if any."""
    return next(iter(all_on_air(channel)), None)


def sync_breakout(channel: Channel, *, moved: bool = False) -> None:
    """Update the channel's on-air breakouts to the channel's state. Idempotent.

    `moved`: the channel has just come into its state. What ends is written before what begins.
    """
    for breakout in reversed(all_on_air(channel)):
        _sync(breakout, channel, moved=moved)


def _sync(breakout: Breakout, channel: Channel, *, moved: bool) -> None:
    if moved and breakout.state == State.RUNNING and channel.state == ChannelState.RUNNING:
        states.record(breakout, breakout.state, breakout.state, why="the channel runs again")
    if breakout.state == State.STARTING and channel.state == ChannelState.RUNNING:
        states.change(
            breakout,
            State.RUNNING,
            why="the channel is running",
            session_started_at=Now(),
            recorded=channel.record,
        )
    elif channel.state == ChannelState.FAILED and _cannot_run(breakout, channel):
        _fail(breakout, channel)
    elif breakout.state == State.STOPPING and _session_is_over(channel):
        _end_stopped(breakout, channel)


def end_stopped(channel: Channel) -> None:
    """End the channel's breakouts that are stopping, unless AWS has to stop for them."""
    for breakout in all_on_air(channel):
        if breakout.state == State.STOPPING and _session_is_over(channel):
            _end_stopped(breakout, channel)


def _end_stopped(breakout: Breakout, channel: Channel) -> None:
    goes_on = channel.state in (ChannelState.STARTING, ChannelState.RUNNING)
    breakout_end(breakout, why=GOES_ON if goes_on else IDLE_AGAIN)


def tell(channel: Channel, why: str) -> None:
    """Say on the timelines of the channel and of its breakout on air what happened."""
    states.record(channel, channel.state, channel.state, why=why)
    tell_breakout(channel, why)


def tell_breakout(channel: Channel, why: str) -> None:
    """Say on the timeline of the breakout on air what happened to its channel."""
    breakout = on_air(channel)
    if breakout is not None:
        states.record(breakout, breakout.state, breakout.state, why=why)


def _cannot_run(breakout: Breakout, channel: Channel) -> bool:
    """Whether a failed channel ends the breakout: it does unless MediaLive is still encoding."""
    if breakout.state == State.STARTING:
        return True
    return breakout.state == State.RUNNING and not encoding(channel)


def encoding(channel: Channel) -> bool:
    """Whether MediaLive runs, starts or stops, as far as is known."""
    return not channel.ml_channel_gone and channel.ml_channel_state in ENCODING


def has_encoder(channel: Channel) -> bool:
    """Whether there is a MediaLive channel, as far as is known."""
    return bool(channel.ml_channel_id) and not channel.ml_channel_gone


def may_run(channel: Channel) -> bool:
    """Whether MediaLive runs or may run: last observed running, asked to run, or not known."""
    if channel.desired == Desired.RUNNING or encoding(channel):
        return True
    if not has_encoder(channel):
        return False
    # A start whose outcome is not known may have taken effect.
    unknown = channel.start_accepted_at is not None or channel.attempts > 0
    return unknown or channel.state in MOVED_BY_MEDIALIVE


def runs(channel: Channel) -> bool:
    """Whether MediaLive runs, or is asked to, as far as is known. A step under way is no sign of it."""
    wanted = channel.desired == Desired.RUNNING or channel.start_accepted_at is not None
    return wanted or encoding(channel) or channel.state in MOVED_BY_MEDIALIVE


def _session_is_over(channel: Channel) -> bool:
    """Whether MediaLive is idle again, or the channel is kept running on purpose."""
    if channel.state in AT_REST:
        return True
    if channel.state == ChannelState.FAILED:
        return not encoding(channel) or channel.desired == Desired.RUNNING
    if channel.state == ChannelState.STOPPING:
        return not encoding(channel)
    # It is kept running, or another breakout needs it, for which it runs on or was started again.
    runs = channel.state in (ChannelState.STARTING, ChannelState.RUNNING)
    return runs and channel.desired == Desired.RUNNING


def breakout_end(breakout: Breakout, *, why: str = IDLE_AGAIN) -> None:
    """End the breakout: completed, or cancelled if it is being cancelled. `why`: why it is completed."""
    attachments_close(breakout)
    # Collect its usage and recordings now. Tasks of apps above this one are sent by name.
    transaction.on_commit(partial(wake.send_safely, TaskName.COLLECT_METRICS, QueueName.BULK))
    transaction.on_commit(partial(wake.send_safely, TaskName.LIST_RECORDINGS, QueueName.BULK))
    if breakout.cancelling:
        states.change(breakout, State.CANCELLED, why="cancelled before it ran", **error_fields(None))
    else:
        states.change(breakout, State.COMPLETED, why=why, **error_fields(None))


def attachments_close(breakout: Breakout) -> None:
    Attachment.objects.filter(breakout=breakout, ended_at__isnull=True).update(ended_at=end_of("started_at"))


def _fail(breakout: Breakout, channel: Channel) -> None:
    attachments_close(breakout)
    why = f"the channel could not {channel.failed_step}"
    # One that never ran has no session that could end.
    ended = end_of("session_started_at") if breakout.session_started_at else None
    states.change(breakout, State.FAILED, why=why, session_ended_at=ended, **error_fields_of(channel))


def end_breakouts_of(channel: Channel) -> None:
    """End every breakout on air on a channel whose row is about to be deleted."""
    for breakout in Breakout.objects.filter(channel=channel, state__in=ON_AIR):
        breakout_end(breakout)
