"""Breakouts: create, prepare, start, stop, cancel, retry, curtain.

No verb calls AWS: a start writes the channel's desired state, and `channels_app.breakout_sync` updates the
breakout as its channel changes state. A start always prepares first, so that a distribution exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.utils.translation import gettext as _

from channels_app import breakout_sync
from channels_app.guards import breakout as guards
from channels_app.guards import channel as channel_guards
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State
from channels_app.models.channel import Desired
from channels_app.models.channel import State as ChannelState
from channels_app.services.attachment import attachment_open
from channels_app.services.channel import channel_intent, channel_retry, locked_channel, stop_confirmed
from channels_app.services.customers import CUSTOMER_MAX, customer_of
from channels_app.services.distribution import distribution_add
from channels_app.services.places import lock_places
from channels_app.services.situations import breakout_situation, channel_situation
from channels_app.services.validation import name_error, starts_at_error, zone_error
from distributions import services as distributions
from distributions.models import Distribution
from distributions.models import State as DistributionState
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import database_now, end_of
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle import intent, states
from streamhub.lifecycle.freshness import is_recent, last_answer
from streamhub.lifecycle.models import error_fields
from streamhub.lifecycle.polled_lists import pages_of
from streamhub.names import composed

NAME_MAX = 128
NOTE_MAX = 2000
DURATION_MAX_MINUTES = 7 * 24 * 60


@transaction.atomic
@audit.verb("channels_app.add_breakout")
def breakout_create(
    channel: Channel,
    name: str,
    *,
    who: Actor,
    starts_at: datetime | None = None,
    duration_minutes: int | None = None,
    time_zone: str | None = None,
    customer: str | None = None,
    note: str | None = None,
    schedule: Mapping[str, Any] | None = None,
) -> Breakout:
    """Create an idle breakout on a channel that is not being deleted. Raises `Invalid`, `NotPossible`.

    `time_zone`: the named zone in whose local time the start was chosen. `schedule`: its own choice
    of what StreamHub does by itself, as another breakout has it.
    """
    fields: dict[str, Any] = {
        "name": composed(name),
        "starts_at": stored_start(starts_at),
        "duration_minutes": duration_minutes,
        "time_zone": stored_zone(time_zone),
        "customer": composed(customer or ""),
        "note": (note or "").strip(),
    }
    if errors := plan_errors(fields):
        raise Invalid(errors)
    channel = locked_channel(channel.pk)
    channel_guards.check("create-breakout", channel_situation(channel))
    breakout = Breakout.objects.create(
        **fields,
        schedule=dict(schedule or {}),
        channel=channel,
        channel_uid=channel.uid,
        channel_name=channel.name,
    )
    states.record(breakout, "", breakout.state, who=who, why="created")
    if starts_at is not None:
        # The maintenance window of the channel may have to move away from it.
        intent.requeue(Channel, [channel.pk])
    return breakout


def stored_zone(zone: str | None) -> str:
    """As the column has it: "" for UTC."""
    return "" if zone in (None, "UTC") else str(zone)


def stored_start(moment: datetime | None) -> datetime | None:
    """As the column has it: in whole seconds, which every form of a browser can show."""
    return moment and moment.replace(microsecond=0)


def plan_errors(fields: Mapping[str, Any]) -> dict[str, str]:
    """The messages about the fields of a plan that are given, by field. A start must not be past."""
    errors: dict[str, str | None] = {}
    if "name" in fields:
        errors["name"] = name_error(fields["name"], NAME_MAX)
    if fields.get("starts_at") is not None:
        errors["starts_at"] = starts_at_error(fields["starts_at"], database_now())
    minutes = fields.get("duration_minutes")
    if minutes is not None and not 1 <= minutes <= DURATION_MAX_MINUTES:
        errors["duration_minutes"] = _("Give 1 to %(duration_max_minutes)s minutes (one week).") % {
            "duration_max_minutes": DURATION_MAX_MINUTES
        }
    if fields.get("time_zone"):
        errors["time_zone"] = zone_error(fields["time_zone"])
    customer, note = fields.get("customer", ""), fields.get("note", "")
    if customer:
        errors["customer"] = name_error(customer, CUSTOMER_MAX)
    if len(note) > NOTE_MAX:
        errors["note"] = _("A note has at most %(note_max)s characters; this one has %(count)s.") % {
            "note_max": NOTE_MAX,
            "count": len(note),
        }
    elif "\0" in note:
        errors["note"] = _("Remove the NUL character.")
    return {field: error for field, error in errors.items() if error}


def locked_breakout(breakout: Breakout) -> Breakout:
    """The breakout with its channel, both locked. The channel is locked first, as in every verb."""
    channels = Channel.objects.select_for_update(of=("self",))
    channel = channels.filter(pk=breakout.channel_id).first() if breakout.channel_id else None
    locked = Breakout.objects.select_for_update(of=("self",)).filter(pk=breakout.pk).first()
    if locked is None:
        raise NotPossible(_("The breakout is deleted."), state="deleted")
    locked.channel = channel
    audit.locked(locked)
    return locked


@transaction.atomic
@audit.verb("channels_app.prepare_breakout")
def breakout_prepare(breakout: Breakout, *, who: Actor) -> Breakout:
    """Make sure that a distribution exists, and request a new observation of it, the channel and the keys."""
    breakout = locked_breakout(breakout)
    guards.check("prepare", breakout_situation(breakout))
    channel = _channel_of(breakout)
    _prepare(channel, who=who)
    intent.requeue(Channel, [channel.pk], observe=True)
    distributions.viewer_keys_look()
    # If the observation finds the distribution gone, replace it now, not at the start.
    Channel.objects.filter(pk=channel.pk, distribution__isnull=False).update(distribution_wanted=True)
    return breakout


def _channel_of(breakout: Breakout) -> Channel:
    """The breakout's channel. The guards have checked that it has one."""
    return cast(Channel, breakout.channel)


def _prepare(channel: Channel, *, who: Actor, older_only: bool = False) -> None:
    """Create a missing distribution, retry a failed one, try a creation that waits, or observe urgently.

    The observation finds a distribution that was deleted or disabled outside StreamHub; the driver replaces
    or enables it. With `older_only`, it is not requested if the last one may still be acted on, nor if so
    many channels start now that the next observation reads the list for all of them.
    """
    distribution = channel.distribution
    if distribution is None:
        distribution_add(channel, who=who, why="failsafe: no distribution was attached", urgent=True)
        channel.refresh_from_db()
    elif distribution.state == DistributionState.FAILED:
        distributions.distribution_retry(distribution, who=who)
        intent.requeue(Distribution, [distribution.pk], urgent=True)
    elif not distribution.aws_distribution_id:
        # It may wait for hours: for a person, for a permission, or for room in a quota.
        intent.requeue(Distribution, [distribution.pk], urgent=True)
    elif not (older_only and _seen_soon_or_lately(distribution)):
        intent.requeue(Distribution, [distribution.pk], observe=True, urgent=True)


def _seen_soon_or_lately(distribution: Distribution) -> bool:
    if is_recent(last_answer(distribution.observed_at, "distribution")):
        return True
    starting = Channel.objects.filter(desired=Desired.RUNNING).exclude(state=ChannelState.RUNNING)
    return starting.count() >= pages_of("distribution")


@transaction.atomic
@audit.verb("channels_app.start_breakout", daily="max_starts_per_day")
def breakout_start(breakout: Breakout, *, who: Actor) -> Breakout:
    """Start the breakout. No effect while it is starting or running. Raises `NotPossible`."""
    breakout = locked_breakout(breakout)
    lock_places()
    if not guards.check("start", breakout_situation(breakout)):
        return breakout
    return start_from(breakout, _channel_of(breakout), who=who)


def start_from(breakout: Breakout, channel: Channel, *, who: Actor, why: str = "start accepted") -> Breakout:
    """Start a breakout whose rows are locked and which the guards have let pass."""
    # The step that starts MediaLive looks at its channel first, if it was not seen lately. The other parts
    # are watched from now on.
    _prepare(channel, who=who, older_only=True)
    states.change(
        breakout,
        State.STARTING,
        who=who,
        why=why,
        cancelling=False,
        session_started_at=None,
        session_ended_at=None,
        customer=customer_of(breakout),
        **error_fields(None),
    )
    attachment_open(channel, breakout)
    # While the channel should run, a lost distribution is replaced without this flag.
    channel_intent(channel, **({} if channel.distribution is None else {"distribution_wanted": False}))
    return breakout


@transaction.atomic
@audit.verb("channels_app.stop_breakout")
def breakout_stop(breakout: Breakout, *, who: Actor, confirmed: bool = False) -> Breakout:
    """Stop the breakout; it is completed once MediaLive is idle. No effect once it is completed.

    A repeated stop sends the request to AWS again at once. `confirmed`: see `channel_stop`. Raises
    `NotPossible`.
    """
    breakout = locked_breakout(breakout)
    situation = breakout_situation(breakout)
    if not guards.check("stop", situation):
        return breakout
    if confirmed and breakout.channel is not None and not situation.other_on_air:
        Channel.objects.filter(pk=breakout.channel.pk).update(**stop_confirmed(breakout.channel))
    if breakout.state == State.STOPPING:
        if breakout.channel is not None:
            _stop_channel(breakout.channel)
            breakout.refresh_from_db()
        return breakout
    if breakout.state == State.FAILED and situation.other_on_air:
        # Another breakout uses the channel by now, so there is nothing to stop on AWS.
        breakout_sync.breakout_end(breakout)
        return breakout
    return _stop(breakout, who=who, why="stop accepted")


def _stop(breakout: Breakout, *, who: Actor, why: str, cancelling: bool = False) -> Breakout:
    channel = breakout.channel
    ended = _failed_at(breakout) if breakout.state == State.FAILED else end_of("session_started_at")
    states.change(breakout, State.STOPPING, who=who, why=why, cancelling=cancelling, session_ended_at=ended)
    if channel is None:
        breakout_sync.breakout_end(breakout)
    else:
        _stop_channel(channel)
    breakout.refresh_from_db()
    return breakout


def _failed_at(breakout: Breakout) -> datetime:
    """When a failed breakout ended: not before it began, whatever the database's clock did."""
    began = breakout.session_started_at or breakout.state_since
    return breakout.session_ended_at or max(began, breakout.state_since)


def _stop_channel(channel: Channel) -> None:
    """Want the channel stopped unless others need it. Then, or without an encoder, breakouts end at once.

    The end of a show waits for no step that finds the channel going on; and while parts of the channel are
    created, none may come that says it is idle.
    """
    channel_intent(channel)
    if channel.desired == Desired.RUNNING:
        breakout_sync.end_stopped(channel)
    elif channel.state in breakout_sync.AT_REST and not breakout_sync.has_encoder(channel):
        breakout_sync.sync_breakout(channel)


@transaction.atomic
@audit.verb("channels_app.cancel_breakout")
def breakout_cancel(breakout: Breakout, *, who: Actor) -> Breakout:
    """Cancel an idle breakout at once, or a starting one after a stop. No effect once it is cancelled."""
    breakout = locked_breakout(breakout)
    if not guards.check("cancel", breakout_situation(breakout)):
        return breakout
    if breakout.state == State.STARTING:
        return _stop(breakout, who=who, why="cancelled while starting", cancelling=True)
    states.change(breakout, State.CANCELLED, who=who, why="cancelled")
    return breakout


@transaction.atomic
@audit.verb("channels_app.retry_breakout")
def breakout_retry(breakout: Breakout, *, who: Actor) -> Breakout:
    """Start a failed breakout again. If its channel has failed too, retry the channel first."""
    breakout = locked_breakout(breakout)
    lock_places()
    guards.check("retry", breakout_situation(breakout))
    channel = _channel_of(breakout)
    if channel.state == ChannelState.FAILED:
        channel = channel_retry(channel, who=who, second_too=False)
    return start_from(breakout, channel, who=who)


@transaction.atomic
@audit.verb("channels_app.curtain_breakout")
def breakout_curtain(breakout: Breakout, raised: bool, *, who: Actor) -> Breakout:
    """Raise the curtain (viewers may watch) or lower it (playback URLs are withheld)."""
    breakout = locked_breakout(breakout)
    if not guards.check("raise" if raised else "lower", breakout_situation(breakout)):
        return breakout
    breakout.curtain_raised = raised
    breakout.save(update_fields=["curtain_raised"])
    why = "curtain raised" if raised else "curtain lowered"
    states.record(breakout, breakout.state, breakout.state, who=who, why=why)
    return breakout
