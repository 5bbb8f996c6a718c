"""Every change of a channel's state also updates its breakout, in one transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from channels_app import breakout_sync
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import Desired, State
from streamhub.errors import AwsError
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.models import error_fields

# MediaLive's states in which a channel that should run does.
RUNS = ("RUNNING", "RECOVERING")


def move(
    claim: Claim, state: str, *, why: str, request_id: str | None = None, tell: bool = False, **fields: Any
) -> None:
    """Change the state and update the channel's breakout, in one transaction.

    With `tell`, the timelines of the channel and of its breakout say so even if neither changes its state.
    """
    with transaction.atomic():
        lock(claim.row)
        moved = claim.row.state != state
        if tell and not moved:
            claim.note(why, request_id=request_id, **fields)
        else:
            claim.change_state(state, why=why, request_id=request_id, **fields)
        if tell:
            breakout_sync.tell_breakout(claim.row, f"the channel was {why}")
        breakout_sync.sync_breakout(claim.row, moved=moved)


def catch_up(claim: Claim) -> None:
    """Update the breakouts that wait for what MediaLive has reached already, while another step is due.

    The step that says that the channel runs or is idle may never come: AWS may refuse for ever to create a
    part, to change a tag or to restart the pipelines. A show must neither begin nor end late because of it.
    """
    row: Channel = claim.row
    waiting = _waiting(row)
    if not waiting or not Breakout.objects.filter(channel=row, state__in=waiting).exists():
        return
    with transaction.atomic():
        lock(row)
        row.refresh_from_db()
        if _waiting(row):
            breakout_sync.sync_breakout(row)


def _waiting(row: Channel) -> tuple[str, ...]:
    """The states of breakouts that wait for nothing more of MediaLive, as far as the row says."""
    if row.state == State.RUNNING:
        runs = row.ml_channel_state in RUNS and not row.ml_channel_gone
        goes_on = row.desired == Desired.RUNNING and row.stop_accepted_at is None
        return (BreakoutState.STARTING, BreakoutState.STOPPING) if runs and goes_on else ()
    at_rest = row.state in (*breakout_sync.AT_REST, State.STOPPING) and row.start_accepted_at is None
    return (BreakoutState.STOPPING,) if at_rest and not breakout_sync.encoding(row) else ()


def outside(claim: Claim, code: str, message: str, hint: str) -> dict[str, Any]:
    """The error columns for a change made outside StreamHub. They stay until the change is undone."""
    claim.keep_error = True
    return error_fields(AwsError(message, code=code), hint)


def lock(row: Channel) -> None:
    Channel.objects.select_for_update(of=("self",)).get(pk=row.pk)
