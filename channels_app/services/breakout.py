"""Breakouts: create, prepare, start, stop, cancel, curtain.

Nothing here calls AWS or waits for it: a start writes what the channel is wanted to do, and the
breakout follows its channel (`channels_app.follow`). Starting always prepares first: that is the
failsafe which sees to it that a distribution is there.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_app import follow, guards
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import Desired
from channels_app.models.channel import State as ChannelState
from channels_app.services.attachment import attachment_open
from channels_app.services.channel import channel_intent, channel_retry, locked_channel
from channels_app.services.distribution import distribution_add
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.access.actors import Actor
from streamhub.access.permissions import permit
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle import intent, states
from streamhub.lifecycle.models import error_fields

STARTABLE = (ChannelState.IDLE, ChannelState.STARTING, ChannelState.RUNNING, ChannelState.STOPPING)
# A channel that lost a part is built again by its retry, and started as soon as it stands.
RETRIABLE = (*STARTABLE, ChannelState.PENDING, ChannelState.PROVISIONING)
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
    if channel.desired == Desired.DELETED:
        raise NotPossible(f"The channel {channel.name!r} is being deleted.", state=channel.state)
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


def _locked(breakout: Breakout) -> tuple[Breakout, Channel | None]:
    """The channel's row first, then the breakout's: the house's lock order."""
    channel = (
        Channel.objects.select_for_update(of=("self",)).filter(pk=breakout.channel_id).first()
        if breakout.channel_id
        else None
    )
    locked = Breakout.objects.select_for_update(of=("self",)).filter(pk=breakout.pk).first()
    if locked is None:
        raise NotPossible("The breakout is deleted.", state="deleted")
    return locked, channel


def _living(channel: Channel | None) -> Channel:
    if channel is None or channel.desired == Desired.DELETED:
        raise NotPossible(
            "The breakout's channel is deleted or being deleted.",
            state=channel.state if channel else "deleted",
        )
    return channel


@transaction.atomic
def breakout_prepare(breakout: Breakout, *, who: Actor) -> Breakout:
    """Make sure that a distribution exists, and have channel and distribution looked at afresh."""
    who = permit(who, "channels_app.prepare_breakout")
    breakout, channel = _locked(breakout)
    guards.changes("prepare", breakout.state)
    channel = _living(channel)
    _prepare(channel, who=who)
    # Should the look find it gone, the idle channel is to have another one now and not at the start.
    Channel.objects.filter(pk=channel.pk, distribution__isnull=False).update(distribution_wanted=True)
    return breakout


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
        intent.nudge(Distribution, [distribution.pk], observe=True, urgent=True)
    intent.nudge(Channel, [channel.pk], observe=True)


@transaction.atomic
def breakout_start(breakout: Breakout, *, who: Actor) -> Breakout:
    """Go on air. Idempotent while starting or running. Raises `NotPossible`."""
    who = permit(who, "channels_app.start_breakout")
    breakout, channel = _locked(breakout)
    if not guards.changes("start", breakout.state):
        return breakout
    return _start(breakout, _living(channel), STARTABLE, who=who)


def _start(breakout: Breakout, channel: Channel, startable: tuple[str, ...], *, who: Actor) -> Breakout:
    _startable(breakout, channel, startable)
    _prepare(channel, who=who)
    try:
        with transaction.atomic():
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
    except IntegrityError as error:
        raise NotPossible("Another breakout is on air on this channel.", state=channel.state) from error
    attachment_open(channel)
    # From now on what replaces a lost distribution is that the channel is wanted running.
    Channel.objects.filter(pk=channel.pk, distribution__isnull=False).update(distribution_wanted=False)
    channel_intent(channel)
    return breakout


def _startable(breakout: Breakout, channel: Channel, states: tuple[str, ...]) -> None:
    other = Breakout.objects.filter(channel=channel, state__in=ON_AIR).exclude(pk=breakout.pk).first()
    if other is not None:
        raise NotPossible(
            f"The breakout {other.name!r} is {other.state} on this channel; one at a time.",
            state=breakout.state,
            possible=["stop the other breakout"],
        )
    if channel.state not in states:
        raise NotPossible(
            f"The channel is {channel.state}; a breakout can start once it is"
            f" {', '.join(STARTABLE[:-1])} or {STARTABLE[-1]}.",
            state=channel.state,
            possible=["retry the channel"] if channel.state == ChannelState.FAILED else [],
        )


@transaction.atomic
def breakout_stop(breakout: Breakout, *, who: Actor) -> Breakout:
    """End the session; completed once AWS is idle. Idempotent while stopping or completed.

    Asked again while it is stopping, AWS is asked again at once instead of at the next attempt.
    """
    who = permit(who, "channels_app.stop_breakout")
    breakout, channel = _locked(breakout)
    if not guards.changes("stop", breakout.state):
        if breakout.state == State.STOPPING and channel is not None:
            channel_intent(channel)
        return breakout
    if breakout.state == State.FAILED and _on_air_beside(breakout, channel):
        # The channel is another breakout's now; of this one nothing runs that could be stopped.
        follow.breakout_end(breakout)
        return breakout
    return _stop(breakout, channel, who=who, why="stop accepted")


def _on_air_beside(breakout: Breakout, channel: Channel | None) -> bool:
    others = Breakout.objects.filter(channel=channel, state__in=ON_AIR).exclude(pk=breakout.pk)
    return channel is not None and others.exists()


def _stop(
    breakout: Breakout, channel: Channel | None, *, who: Actor, why: str, cancelling: bool = False
) -> Breakout:
    states.change(
        breakout,
        State.STOPPING,
        who=who,
        why=why,
        cancelling=cancelling,
        session_ended_at=timezone.now(),
    )
    if channel is None:
        follow.breakout_end(breakout)
    else:
        channel_intent(channel)
    breakout.refresh_from_db()
    return breakout


@transaction.atomic
def breakout_cancel(breakout: Breakout, *, who: Actor) -> Breakout:
    """Call it off before it runs: idle at once, starting by way of a stop. Idempotent when cancelled."""
    who = permit(who, "channels_app.cancel_breakout")
    breakout, channel = _locked(breakout)
    if not guards.changes("cancel", breakout.state):
        return breakout
    if breakout.state == State.STARTING:
        return _stop(breakout, channel, who=who, why="cancelled while starting", cancelling=True)
    states.change(breakout, State.CANCELLED, who=who, why="cancelled")
    return breakout


@transaction.atomic
def breakout_retry(breakout: Breakout, *, who: Actor) -> Breakout:
    """Start a failed breakout again; a channel that failed with it is retried first."""
    who = permit(who, "channels_app.retry_breakout")
    breakout, channel = _locked(breakout)
    guards.changes("retry", breakout.state)
    channel = _living(channel)
    if channel.state != ChannelState.FAILED:
        return _start(breakout, channel, STARTABLE, who=who)
    channel = channel_retry(channel, who=who)
    return _start(breakout, channel, RETRIABLE, who=who)


@transaction.atomic
def breakout_curtain(breakout: Breakout, raised: bool, *, who: Actor) -> Breakout:
    """Raise (viewers may watch) or lower (playback URLs are withheld) the curtain."""
    who = permit(who, "channels_app.curtain_breakout")
    breakout, _channel = _locked(breakout)
    guards.changes("curtain", breakout.state)
    if breakout.curtain_raised == raised:
        return breakout
    breakout.curtain_raised = raised
    breakout.save(update_fields=["curtain_raised"])
    why = "curtain raised" if raised else "curtain lowered"
    states.record(breakout, breakout.state, breakout.state, who=who, why=why)
    return breakout
