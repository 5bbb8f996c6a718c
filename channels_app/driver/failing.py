"""Sets a channel to FAILED, and ends what it carried. Only Retry leaves that state."""

from __future__ import annotations

from django.db import transaction

from channels_app import breakout_sync
from channels_app.decide.steps import Step
from channels_app.driver.moving import lock
from channels_app.driver.parts import PART_DRIVERS
from channels_app.driver.telling import DELETED_OUTSIDE
from channels_app.models import Channel
from channels_app.models.channel import State
from channels_app.services import channel_intent, channel_wanted
from streamhub.errors import AwsError, Refused
from streamhub.lifecycle.claim import Claim


def fail(claim: Claim, step: Step, error: AwsError, hint: str = "") -> float | None:
    """Set the channel to FAILED, update its breakout, and stop the channel if no breakout needs it."""
    with transaction.atomic():
        lock(claim.row)
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
        lock(claim.row)
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
        lock(claim.row)
        _sync_breakout(claim.row)
    return None


def _sync_breakout(row: Channel) -> None:
    """Update the breakout, then the channel's desired state. The channel's row must be locked."""
    breakout_sync.sync_breakout(row)
    if row.desired != channel_wanted(row):
        channel_intent(row)
