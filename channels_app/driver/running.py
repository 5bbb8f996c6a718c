"""Starting and stopping MediaLive's channel. Whatever changes the channel's state moves its breakouts too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from channels_app import breakout_sync
from channels_app.decide.channel import Step
from channels_app.driver import parts
from channels_app.driver.observing import observed
from channels_app.driver.parts import ML_CHANNEL, PART_DRIVERS
from channels_app.models import Channel
from channels_app.models.channel import Desired, State
from channels_app.services import DISTRIBUTION_GONE, channel_intent, channel_wanted
from streamhub.aws import medialive
from streamhub.errors import AwsError, Refused
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.models import error_fields

STOPPED_OUTSIDE = (
    "stopped_outside",
    "MediaLive's channel was stopped outside StreamHub while it was wanted.",
    "It is being started again; find out who stopped it.",
)
STARTED_OUTSIDE = (
    "started_outside",
    "MediaLive's channel was started outside StreamHub; a running channel costs money.",
    "It is being stopped. To have it run, start a breakout.",
)


def start(claim: Claim) -> float | None:
    outside = claim.row.state == State.RUNNING
    return _send(
        claim,
        parts.live().start_channel,
        State.STARTING,
        why="MediaLive had stopped: starting it again" if outside else "start sent",
        start_accepted_at=Now(),
        stop_accepted_at=None,
        **(_outside(claim, *STOPPED_OUTSIDE) if outside else {}),
    )


def stop(claim: Claim) -> float | None:
    row: Channel = claim.row
    outside = row.state == State.IDLE and row.start_accepted_at is None and not row.in_doubt
    return _send(
        claim,
        parts.live().stop_channel,
        State.DELETING if row.desired == Desired.DELETED else State.STOPPING,
        why="it runs although nobody here asked for it: stopping it" if outside else "stop sent",
        start_accepted_at=None,
        stop_accepted_at=Now(),
        **(_outside(claim, *STARTED_OUTSIDE) if outside else {}),
    )


def _send(
    claim: Claim, call: Callable[[str], medialive.ChannelInfo], state: str, *, why: str, **fields: Any
) -> float | None:
    """Send a start or a stop, save AWS's answer, and watch for the effect."""
    row: Channel = claim.row
    info = absence.observe_on_conflict(claim, lambda: call(row.ml_channel_id))
    fields |= {"ml_channel_state": info.state, "polled_list": ML_CHANNEL.key, "observed_at": Now()}
    _to(claim, state, why=why, request_id=info.request_id, **fields)
    return None


def _outside(claim: Claim, code: str, message: str, hint: str) -> dict[str, Any]:
    """The columns that say what somebody did in the AWS console; shown until it is put right."""
    claim.keep_error = True
    return error_fields(AwsError(message, code=code), hint)


def wait(state: str | None, why: str, claim: Claim) -> float | None:
    """MediaLive is on its way: watch it, and say so in the channel's state."""
    row: Channel = claim.row
    claim.keep_error = row.error_code in (STARTED_OUTSIDE[0], STOPPED_OUTSIDE[0])
    if state is None or row.desired == Desired.DELETED:
        claim.save(polled_list=ML_CHANNEL.key)
    else:
        _to(claim, state, why=why, polled_list=ML_CHANNEL.key)
    if observed(row).start_settling or observed(row).stop_settling:
        # What was read may be the state before AWS took our word: look again by describing.
        claim.save(observe_requested=True)
        return float(settings.OBSERVE_SECONDS)
    return None


def settle(state: str, why: str, claim: Claim) -> float | None:
    """AWS is where it is wanted."""
    row: Channel = claim.row
    claim.keep_error = row.error_code == DISTRIBUTION_GONE and row.distribution_id is None
    _to(claim, state, why=why, polled_list="", start_accepted_at=None, stop_accepted_at=None)
    return None


def _to(claim: Claim, state: str, *, why: str, request_id: str | None = None, **fields: Any) -> None:
    """Change state and let the channel's breakouts follow, in one transaction."""
    with transaction.atomic():
        _lock(claim.row)
        claim.change_state(state, why=why, request_id=request_id, **fields)
        breakout_sync.follow(claim.row)


# --- failing -------------------------------------------------------------------------------


def fail(claim: Claim, step: Step, error: AwsError, hint: str = "") -> float | None:
    """Wait for a person. Breakouts follow, and what nobody needs any more is not kept running."""
    with transaction.atomic():
        _lock(claim.row)
        if not breakout_sync.encoding(claim.row):
            claim.save(polled_list="")
        claim.fail(State.FAILED, str(step), error, hint=hint)
        _follow(claim.row)
    return None


def fail_start(claim: Claim) -> float | None:
    """RUNNING was never seen; a person looks at the input before the next try."""
    claim.save(start_accepted_at=None)
    error = AwsError(
        "MediaLive accepted the start and went back to IDLE without running.", code="start_failed"
    )
    with transaction.atomic():
        _lock(claim.row)
        claim.fail(State.FAILED, str(Step.FAIL_START), error, hint="Check the input, then press Retry.")
        _follow(claim.row)
    return None


def fail_lost(claim: Claim) -> float | None:
    """Somebody deleted parts of it in the AWS console: only a person may decide to make new ones."""
    lost = ", ".join(kind.words for kind in PART_DRIVERS if kind.observed(claim.row).gone)
    error = Refused(f"Deleted outside StreamHub: {lost}.", code="deleted_outside")
    return fail(claim, Step.FAIL_LOST, error, "Retry creates it again. Its URLs change with it.")


def rest(claim: Claim) -> float | None:
    """FAILED waits for a person; a breakout that was stopped meanwhile is over."""
    claim.keep_error = True
    if claim.row.polled_list and not breakout_sync.encoding(claim.row):
        claim.save(polled_list="")
    with transaction.atomic():
        _lock(claim.row)
        _follow(claim.row)
    return None


def _follow(row: Channel) -> None:
    """Move the breakout on; if that ends what the channel runs for, say so. Its row is locked."""
    breakout_sync.follow(row)
    wanted = channel_wanted(row)
    if row.desired != wanted:
        channel_intent(row)


def _lock(row: Channel) -> None:
    Channel.objects.select_for_update(of=("self",)).get(pk=row.pk)
