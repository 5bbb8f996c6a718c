"""Starts and stops the MediaLive channel. Every change of the channel's state also updates its breakout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from channels_app import breakout_sync
from channels_app.decide.channel import Step
from channels_app.driver import input_settings, own_updates, parts, timelines
from channels_app.driver.observing import observed
from channels_app.driver.parts import ML_CHANNEL, PART_DRIVERS
from channels_app.models import Channel
from channels_app.models.channel import Desired, State
from channels_app.services import DISTRIBUTION_GONE, channel_intent, channel_wanted
from channels_app.services.rescue import NO_WISH
from streamhub.aws import medialive
from streamhub.errors import AwsError, Refused
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import error_fields
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
DELETED_OUTSIDE = "deleted_outside"
BEING_DELETED = (
    DELETED_OUTSIDE,
    "The MediaLive channel is being deleted outside StreamHub.",
    "StreamHub cannot stop that. Press Retry once it is gone, to create it again.",
)
EDIT_FAILED = (
    "edit_failed",
    "Somebody edited the MediaLive channel outside StreamHub, and MediaLive could not apply the edit "
    "(UPDATE_FAILED). It cannot be started like this.",
    "Press Retry: StreamHub sends its own settings to MediaLive again. Or correct the channel in MediaLive's "
    "console; StreamHub goes on by itself then.",
)
OWN_EDIT_FAILED = "own_edit_failed"
OWN_EDIT_FAILED_HINT = (
    "Press Retry: StreamHub sends all its settings to MediaLive again. If that fails too, press Edit and "
    "take back what was changed, or give the request id to AWS Support."
)
UNKNOWN_STATE = (
    "unknown_state",
    "MediaLive says that its channel is in a state that StreamHub does not know.",
    "Look at the channel in MediaLive's console. StreamHub goes on by itself when it is idle or runs.",
)
STARTS_AGAIN = "stopped outside StreamHub, StreamHub starts it again"
# Errors that stay until MediaLive has settled.
UNTIL_SETTLED = (STARTED_OUTSIDE[0], STOPPED_OUTSIDE[0], RESTARTED_OUTSIDE[0], input_settings.INPUT_CHANGED)


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
    info = absence.observe_on_conflict(claim, lambda: call(row.ml_channel_id))
    fields |= {"ml_channel_state": info.state, "polled_list": ML_CHANNEL.key}
    fields |= {"observed_at": Now(), "encoder_read_at": Now()}
    move(claim, state, why=why, request_id=info.request_id, **fields)
    return None


def outside(claim: Claim, code: str, message: str, hint: str) -> dict[str, Any]:
    """The error columns for a change made outside StreamHub. They stay until the change is undone."""
    claim.keep_error = True
    return error_fields(AwsError(message, code=code), hint)


def wait(state: str | None, why: str, claim: Claim) -> float | None:
    """MediaLive is changing state: poll it, and show that in the channel's state."""
    row: Channel = claim.row
    claim.keep_error |= row.error_code in UNTIL_SETTLED
    if state is None or row.desired == Desired.DELETED:
        claim.save(polled_list=ML_CHANNEL.key)
    elif change := _changed_outside(row, state):
        told, error = change
        # What was done to the input matters more: it outlasts the start.
        fields = {} if row.error_code == input_settings.INPUT_CHANGED else outside(claim, *error)
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


def wait_gone(claim: Claim) -> float | None:
    """MediaLive deletes its channel: poll until it is gone. Show it if that is not our deletion."""
    row: Channel = claim.row
    if row.desired == Desired.DELETED:
        claim.save(polled_list=ML_CHANNEL.key)
        return None
    fields = outside(claim, *BEING_DELETED)
    if row.error_code == DELETED_OUTSIDE:
        claim.save(polled_list=ML_CHANNEL.key)
    else:
        why = "MediaLive channel: being deleted outside StreamHub"
        move(claim, row.state, why=why, tell=True, polled_list=ML_CHANNEL.key, **fields)
    return None


def tell_edit_failed(claim: Claim) -> float | None:
    """An edit failed, ours or one outside StreamHub: MediaLive cannot run until a person acts."""
    row: Channel = claim.row
    state = row.state
    if row.desired != Desired.RUNNING:
        state = State.IDLE  # a breakout that stops is over
    elif state == State.RUNNING:
        state = State.STARTING
    none: dict[str, Any] = {"start_accepted_at": None, "stop_accepted_at": None}
    if row.update_sent:
        why = f"edited by StreamHub: MediaLive could not apply {row.update_sent}"
        _tell_once(claim, *_own_edit_failed(row), state, why, **none)
    else:
        code, message, hint = EDIT_FAILED
        why = "edited outside StreamHub: MediaLive could not apply the edit"
        _tell_once(claim, AwsError(message, code=code), hint, state, why, **none)
    return None


def _own_edit_failed(row: Channel) -> tuple[AwsError, str]:
    """The error of an update of ours that MediaLive accepted and could not apply, and what to do."""
    error = AwsError(
        f"MediaLive accepted {row.update_sent} from StreamHub and then could not apply it: its channel is "
        "UPDATE_FAILED, and MediaLive gives no reason for that. It cannot be started like this.",
        code=OWN_EDIT_FAILED,
        operation="medialive:UpdateChannel",
        request_id=row.update_request_id or None,
    )
    return error, OWN_EDIT_FAILED_HINT


def tell_unknown_state(claim: Claim) -> float | None:
    """MediaLive's channel is in a state that StreamHub does not know: wait for another one."""
    row: Channel = claim.row
    why = f"in the state {row.ml_channel_state} of MediaLive, which StreamHub does not know"
    code, message, hint = UNKNOWN_STATE
    _tell_once(claim, AwsError(message, code=code), hint, row.state, why, polled_list=ML_CHANNEL.key)
    return None


def _tell_once(claim: Claim, error: AwsError, hint: str, state: str, why: str, **fields: Any) -> None:
    """Show an error that a person has to solve, until it is over, and say it on the timelines."""
    row: Channel = claim.row
    told = row.error_code == error.code
    claim.keep_error = True
    shown = error_fields(error, hint) | {"error_needs_person": True}
    move(claim, state, why=why, tell=not told, **{"polled_list": "", **fields, **({} if told else shown)})


def settle(state: str, why: str, claim: Claim) -> float | None:
    """AWS has reached the desired state: record it."""
    row: Channel = claim.row
    claim.keep_error |= row.error_code == DISTRIBUTION_GONE and row.distribution_id is None
    stopped = {"stop_confirmed_id": "", **NO_WISH}
    over: dict[str, Any] = stopped if state == State.IDLE else _input_error(claim)
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
    )
    tags = seen.tags_due and row.error_code != TAGS_REFUSED
    rescue = state == State.RUNNING and (seen.switch_wanted or seen.restart_wanted)
    if tags or rescue or (waited and state == State.IDLE):
        return AT_ONCE
    # The state that was read may be older than our update: read the channel once more.
    return 2.0 * settings.OBSERVE_SECONDS if young else None


def _input_error(claim: Claim) -> dict[str, Any]:
    """The error columns of a running channel whose input somebody changed: they stay while it is so."""
    error = input_settings.error_of(claim.row)
    if error is None:
        return {}
    claim.keep_error = True
    shown = claim.row.error_code == error[0] and claim.row.error_message == error[1]
    return {} if shown else outside(claim, *error) | {"error_needs_person": True}


def move(
    claim: Claim, state: str, *, why: str, request_id: str | None = None, tell: bool = False, **fields: Any
) -> None:
    """Change the state and update the channel's breakout, in one transaction.

    With `tell`, the timelines of the channel and of its breakout say so even if neither changes its state.
    """
    with transaction.atomic():
        _lock(claim.row)
        moved = claim.row.state != state
        if tell and not moved:
            claim.note(why, request_id=request_id, **fields)
        else:
            claim.change_state(state, why=why, request_id=request_id, **fields)
        if tell:
            breakout_sync.tell_breakout(claim.row, f"the channel was {why}")
        breakout_sync.sync_breakout(claim.row, moved=moved)


# --- failing -------------------------------------------------------------------------------


def fail(claim: Claim, step: Step, error: AwsError, hint: str = "") -> float | None:
    """Set the channel to FAILED, update its breakout, and stop the channel if no breakout needs it."""
    with transaction.atomic():
        _lock(claim.row)
        if not breakout_sync.encoding(claim.row):
            claim.save(polled_list="")
        claim.fail(State.FAILED, str(step), error, hint=hint)
        _sync_breakout(claim.row)
        # A breakout that stays on air, because MediaLive still runs.
        breakout_sync.tell_breakout(claim.row, f"the channel could not {step}")
    return None


def fail_start(claim: Claim) -> float | None:
    """Set the channel to FAILED: MediaLive accepted the start but never reached RUNNING."""
    claim.save(start_accepted_at=None)
    error = AwsError(
        "MediaLive accepted the start but returned to IDLE without running.", code="start_failed"
    )
    with transaction.atomic():
        _lock(claim.row)
        claim.fail(State.FAILED, str(Step.FAIL_START), error, hint="Check the input, then press Retry.")
        _sync_breakout(claim.row)
    return None


def fail_lost(claim: Claim) -> float | None:
    """Parts were deleted outside StreamHub: set the channel to FAILED. Only Retry creates them again."""
    lost = ", ".join(part.label for part in PART_DRIVERS if part.observed(claim.row).gone)
    error = Refused(f"Deleted outside StreamHub: {lost}.", code=DELETED_OUTSIDE)
    return fail(
        claim,
        Step.FAIL_LOST,
        error,
        "Press Retry to create it again. The URLs of the channel change with it.",
    )


def rest(claim: Claim) -> float | None:
    """A failed channel waits for Retry; a breakout that was stopped meanwhile ends."""
    claim.keep_error = True
    if claim.row.polled_list and not breakout_sync.encoding(claim.row):
        claim.save(polled_list="")
    with transaction.atomic():
        _lock(claim.row)
        _sync_breakout(claim.row)
    return None


def _sync_breakout(row: Channel) -> None:
    """Update the breakout, then the channel's desired state. The channel's row must be locked."""
    breakout_sync.sync_breakout(row)
    if row.desired != channel_wanted(row):
        channel_intent(row)


def _lock(row: Channel) -> None:
    Channel.objects.select_for_update(of=("self",)).get(pk=row.pk)
