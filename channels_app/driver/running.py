"""Starts and stops the MediaLive channel. Every change of the channel's state also updates its breakout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from channels_app.driver import input_settings, own_updates, parts, timelines
from channels_app.driver.moving import move, outside
from channels_app.driver.observing import observed
from channels_app.driver.parts import ML_CHANNEL
from channels_app.models import Channel
from channels_app.models.channel import Desired, State
from channels_app.services import DISTRIBUTION_GONE
from channels_app.services.rescue import NO_WISH
from streamhub.aws import medialive
from streamhub.errors import NotSent, Throttled
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.refusals import TAGS_REFUSED

STOPPED_OUTSIDE = (
    "stopped_outside",
    "The MediaLive channel was stopped outside StreamHub although it should run.",
    "StreamHub starts it again. Find out who stopped it.",
)
RESTARTED_OUTSIDE = (
    "restarted_outside",
    "The MediaLive channel was stopped and started again outside StreamHub.",
    "Viewers see the stream again once the channel runs. Find out who stopped it.",
)
STARTED_OUTSIDE = (
    "started_outside",
    "The MediaLive channel was started outside StreamHub. A running channel costs money.",
    "StreamHub stops it. To run the channel, start a breakout.",
)
# When a call that AWS throttled asks for its turn in the line again.
THROTTLED_SECONDS = 1.0
STARTS_AGAIN = "stopped outside StreamHub, StreamHub starts it again"
# Errors that stay until MediaLive has settled.
OF_INPUTS = (input_settings.INPUT_CHANGED, input_settings.SECOND_DELETED)
UNTIL_SETTLED = (STARTED_OUTSIDE[0], STOPPED_OUTSIDE[0], RESTARTED_OUTSIDE[0], *OF_INPUTS)


def start(claim: Claim) -> float | None:
    row: Channel = claim.row
    if row.state == State.RUNNING:
        # Said before the call, since its answer may be lost.
        move(claim, State.STARTING, why=STARTS_AGAIN, tell=True, **outside(claim, *STOPPED_OUTSIDE))
    claim.keep_error |= row.error_code in UNTIL_SETTLED
    return _send(
        claim,
        parts.live().start_channel,
        State.STARTING,
        why="start sent",
        start_accepted_at=Now(),
        stop_accepted_at=None,
        **own_updates.OVER,
    )


def stop(claim: Claim) -> float | None:
    row: Channel = claim.row
    uncalled = row.state == State.IDLE and row.start_accepted_at is None and not row.outcome_unknown
    return _send(
        claim,
        parts.live().stop_channel,
        State.DELETING if row.desired == Desired.DELETED else State.STOPPING,
        why="started outside StreamHub: stop sent" if uncalled else "stop sent",
        start_accepted_at=None,
        stop_accepted_at=Now(),
        **NO_WISH,
        **(outside(claim, *STARTED_OUTSIDE) if uncalled else {}),
    )


def _send(
    claim: Claim,
    call: Callable[[str], medialive.ChannelInfo],
    state: str,
    *,
    why: str,
    **fields: Any,
) -> float | None:
    """Send a start or a stop, save AWS's answer, and poll the list for the effect."""
    row: Channel = claim.row
    try:
        info = absence.observe_on_conflict(claim, lambda: call(row.ml_channel_id))
    except Throttled as throttled:
        if throttled.effect_unknown:
            raise
        # The rate is lower now: a place in the line brings it on air sooner than a growing pause of its own.
        raise NotSent(throttled.operation, THROTTLED_SECONDS, throttled) from throttled
    fields |= {"ml_channel_state": info.state, "polled_list": ML_CHANNEL.key}
    fields |= {"observed_at": Now(), "encoder_read_at": Now()}
    move(claim, state, why=why, request_id=info.request_id, **fields)
    return None


def wait(state: str | None, why: str, claim: Claim) -> float | None:
    """MediaLive is changing state: poll it, and show that in the channel's state."""
    row: Channel = claim.row
    claim.keep_error |= row.error_code in UNTIL_SETTLED
    if state is None or row.desired == Desired.DELETED:
        claim.save(polled_list=ML_CHANNEL.key)
    elif change := _changed_outside(row, state):
        told, error = change
        # What was done to the input matters more: it outlasts the start.
        fields = {} if row.error_code in OF_INPUTS else outside(claim, *error)
        move(claim, state, why=told, tell=True, polled_list=ML_CHANNEL.key, start_accepted_at=None, **fields)
    else:
        move(claim, state, why=why, polled_list=ML_CHANNEL.key)
    if observed(row).start_settling or observed(row).stop_settling:
        # The state that was read may be older than our request: describe the channel again.
        claim.save(observe_requested=True)
        return float(settings.OBSERVE_SECONDS)
    return None


def _changed_outside(row: Channel, state: str) -> tuple[str, tuple[str, str, str]] | None:
    """What to say, and which error to show, if MediaLive left the channel's state without our call.

    None if the change is ours, or if an earlier step may have made it.
    """
    if row.desired != Desired.RUNNING or row.outcome_unknown or row.stop_accepted_at is not None:
        return None
    if state == State.STOPPING and row.state in (State.STARTING, State.RUNNING):
        return STARTS_AGAIN, STOPPED_OUTSIDE
    if state == State.STARTING and row.state == State.RUNNING:
        return "stopped and started again outside StreamHub", RESTARTED_OUTSIDE
    return None


def settle(state: str, why: str, claim: Claim) -> float | None:
    """AWS has reached the desired state: record it."""
    row: Channel = claim.row
    claim.keep_error |= row.error_code == DISTRIBUTION_GONE and row.distribution_id is None
    over: dict[str, Any] = {"stop_confirmed_id": "", **NO_WISH} if state == State.IDLE else {}
    lacks_second = row.second_input_lost or row.second_unattached
    if state == State.RUNNING or (lacks_second and not claim.keep_error):
        over |= _input_error(claim)
    if row.second_renewal and row.input_ids[1:] and row.attached_inputs == row.input_ids:
        over["second_renewal"] = ""
    young = state == State.IDLE and own_updates.is_young(row)
    over |= {"polled_list": ML_CHANNEL.key, "observe_requested": True} if young else own_updates.OVER
    timelines.tell_unchanged(claim)
    none: dict[str, Any] = {"polled_list": "", "start_accepted_at": None, "stop_accepted_at": None}
    move(claim, state, why=why, **(none | over))
    seen = observed(row)
    waited = (
        seen.input_edited
        or seen.input_changed
        or seen.attachment_changed
        or seen.authorization_due
        or seen.settings_due
        or seen.second_untold
    )
    tags = seen.tags_due and row.error_code != TAGS_REFUSED
    rescue = state == State.RUNNING and (seen.switch_wanted or seen.restart_wanted)
    if tags or rescue or (waited and state == State.IDLE):
        return AT_ONCE
    # The state that was read may be older than our update: read the channel once more.
    return 2.0 * settings.OBSERVE_SECONDS if young else None


def _input_error(claim: Claim) -> dict[str, Any]:
    """The error columns of a channel whose inputs somebody changed: they stay while it is so."""
    error = input_settings.error_of(claim.row)
    if error is None:
        return {}
    claim.keep_error = True
    shown = claim.row.error_code == error[0] and claim.row.error_message == error[1]
    needs_person = error != input_settings.SECOND_WAITS
    return {} if shown else outside(claim, *error) | {"error_needs_person": needs_person}
