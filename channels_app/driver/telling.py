"""Tells what StreamHub cannot do anything about: a person has to act, or AWS is waited for."""

from __future__ import annotations

from typing import Any

from channels_app.driver.moving import move, outside
from channels_app.driver.parts import ML_CHANNEL
from channels_app.models import Channel
from channels_app.models.channel import Desired, State
from streamhub.errors import AwsError
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.models import error_fields

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
