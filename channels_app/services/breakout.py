"""Breakouts: create, prepare, start, stop, cancel, curtain.

Nothing here calls AWS or waits for it: a start writes what the channel is wanted to do, and the
breakout follows its channel (`channels_app.breakout_sync`). Starting always prepares first: that is the
failsafe which sees to it that a distribution is there.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.db import transaction
from django.utils import timezone

from channels_app import breakout_sync
from channels_app.guards import breakout as guards
from channels_app.guards import channel as channel_guards
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State
from channels_app.models.channel import State as ChannelState
from channels_app.services.attachment import attachment_open
from channels_app.services.channel import channel_intent, channel_retry, locked_channel
from channels_app.services.distribution import distribution_add
from channels_app.services.situations import breakout_situation, channel_situation
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.access.actors import Actor
from streamhub.access.permissions import permit
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle import intent, states
from streamhub.lifecycle.models import error_fields

NAME_MAX = 128
DURATION_MAX_MINUTES = 7 * 24 * 60


@transaction.atomic
def breakout_create(
    channel: Channel,
    name: str,
    *,
    who: Actor,
    starts_at: datetime | None = None,
    duration_minutes: int | None = None,
) -> Breakout:
    """A new idle breakout on a channel that is not being deleted. Raises `Invalid`, `NotPossible`."""
    who = permit(who, "channels_app.add_breakout")
    errors = {}
    if not 1 <= len(name.strip()) <= NAME_MAX:
        errors["name"] = f"1 to {NAME_MAX} characters, please; this has {len(name.strip())}."
    if duration_minutes is not None and not 1 <= duration_minutes <= DURATION_MAX_MINUTES:
        errors["duration_minutes"] = f"1 to {DURATION_MAX_MINUTES} minutes (a week)."
    if errors:
        raise Invalid(errors)
    channel = locked_channel(channel.pk)
    channel_guards.check("create-breakout", channel_situation(channel))
    breakout = Breakout.objects.create(
        name=name.strip(),
        channel=channel,
        channel_uid=channel.uid,
        channel_name=channel.name,
        starts_at=starts_at,
        duration_minutes=duration_minutes,
    )
    states.record(breakout, "", breakout.state, who=who, why="created")
    return breakout


def _locked(breakout: Breakout) -> Breakout:
    """The breakout's row, locked, with its channel's, which is locked first: the house's lock order."""
    channels = Channel.objects.select_for_update(of=("self",))
    channel = channels.filter(pk=breakout.channel_id).first() if breakout.channel_id else None
    locked = Breakout.objects.select_for_update(of=("self",)).filter(pk=breakout.pk).first()
    if locked is None:
        raise NotPossible("The breakout is deleted.", state="deleted")
    locked.channel = channel
    return locked


@transaction.atomic
def breakout_prepare(breakout: Breakout, *, who: Actor) -> Breakout:
    """Make sure that a distribution exists, and have channel and distribution looked at afresh."""
    who = permit(who, "channels_app.prepare_breakout")
    breakout = _locked(breakout)
    guards.check("prepare", breakout_situation(breakout))
    channel = _channel_of(breakout)
    _prepare(channel, who=who)
    # Should the look find it gone, the idle channel is to have another one now and not at the start.
    Channel.objects.filter(pk=channel.pk, distribution__isnull=False).update(distribution_wanted=True)
    return breakout


def _channel_of(breakout: Breakout) -> Channel:
    """The locked channel of a breakout of which the guards have seen that it has one."""
    return cast(Channel, breakout.channel)


def _prepare(channel: Channel, *, who: Actor) -> None:
    """The failsafe: nothing attached, a new one; failed, once more; else a fresh look, urgent.

    The look finds what was deleted or disabled outside, and the driver replaces or enables it.
    """
    distribution = channel.distribution
    if distribution is None:
        distribution_add(channel, who=who, why="failsafe: nothing was attached", urgent=True)
        channel.refresh_from_db()
    elif distribution.state == "failed":
        distributions.distribution_retry(distribution, who=who)
    elif distribution.aws_distribution_id:
        intent.requeue(Distribution, [distribution.pk], observe=True, urgent=True)
    intent.requeue(Channel, [channel.pk], observe=True)


@transaction.atomic
def breakout_start(breakout: Breakout, *, who: Actor) -> Breakout:
    """Go on air. Idempotent while starting or running. Raises `NotPossible`."""
    who = permit(who, "channels_app.start_breakout")
    breakout = _locked(breakout)
    if not guards.check("start", breakout_situation(breakout)):
        return breakout
    return _start(breakout, _channel_of(breakout), who=who)


def _start(breakout: Breakout, channel: Channel, *, who: Actor) -> Breakout:
    _prepare(channel, who=who)
    states.change(
        breakout,
        State.STARTING,
        who=who,
        why="start accepted",
        cancelling=False,
        session_started_at=None,
        session_ended_at=None,
        **error_fields(None),
    )
    attachment_open(channel)
    # From now on what replaces a lost distribution is that the channel is wanted running.
    Channel.objects.filter(pk=channel.pk, distribution__isnull=False).update(distribution_wanted=False)
    channel_intent(channel)
    return breakout


@transaction.atomic
def breakout_stop(breakout: Breakout, *, who: Actor) -> Breakout:
    """End the session; completed once AWS is idle. Idempotent while stopping or completed.

    Asked again while it is stopping, AWS is asked again at once instead of at the next attempt.
    """
    who = permit(who, "channels_app.stop_breakout")
    breakout = _locked(breakout)
    now = breakout_situation(breakout)
    if not guards.check("stop", now):
        return breakout
    if breakout.state == State.STOPPING:
        if breakout.channel is not None:
            channel_intent(breakout.channel)
        return breakout
    if breakout.state == State.FAILED and now.other_on_air:
        # The channel is another breakout's now; of this one nothing runs that could be stopped.
        breakout_sync.breakout_end(breakout)
        return breakout
    return _stop(breakout, who=who, why="stop accepted")


def _stop(breakout: Breakout, *, who: Actor, why: str, cancelling: bool = False) -> Breakout:
    channel = breakout.channel
    states.change(
        breakout,
        State.STOPPING,
        who=who,
        why=why,
        cancelling=cancelling,
        session_ended_at=timezone.now(),
    )
    if channel is None:
        breakout_sync.breakout_end(breakout)
    else:
        channel_intent(channel)
    breakout.refresh_from_db()
    return breakout


@transaction.atomic
def breakout_cancel(breakout: Breakout, *, who: Actor) -> Breakout:
    """Call it off before it runs: idle at once, starting by way of a stop. Idempotent when cancelled."""
    who = permit(who, "channels_app.cancel_breakout")
    breakout = _locked(breakout)
    if not guards.check("cancel", breakout_situation(breakout)):
        return breakout
    if breakout.state == State.STARTING:
        return _stop(breakout, who=who, why="cancelled while starting", cancelling=True)
    states.change(breakout, State.CANCELLED, who=who, why="cancelled")
    return breakout


@transaction.atomic
def breakout_retry(breakout: Breakout, *, who: Actor) -> Breakout:
    """Start a failed breakout again; a channel that failed with it is retried first."""
    who = permit(who, "channels_app.retry_breakout")
    breakout = _locked(breakout)
    guards.check("retry", breakout_situation(breakout))
    channel = _channel_of(breakout)
    if channel.state == ChannelState.FAILED:
        channel = channel_retry(channel, who=who)
    return _start(breakout, channel, who=who)


@transaction.atomic
def breakout_curtain(breakout: Breakout, raised: bool, *, who: Actor) -> Breakout:
    """Raise (viewers may watch) or lower (playback URLs are withheld) the curtain."""
    who = permit(who, "channels_app.curtain_breakout")
    breakout = _locked(breakout)
    if not guards.check("raise" if raised else "lower", breakout_situation(breakout)):
        return breakout
    breakout.curtain_raised = raised
    breakout.save(update_fields=["curtain_raised"])
    why = "curtain raised" if raised else "curtain lowered"
    states.record(breakout, breakout.state, breakout.state, who=who, why=why)
    return breakout
