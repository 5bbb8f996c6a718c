"""Every change of a channel's state also updates its breakout, in one transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from channels_app import breakout_sync
from channels_app.models import Channel
from streamhub.errors import AwsError
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.models import error_fields


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


def end_stopping(claim: Claim) -> None:
    """End the breakouts that stop while another step is due than the one that says that the channel is idle.

    That step may never come: AWS may refuse for ever to create a part or to change a tag.
    """
    row: Channel = claim.row
    idle = row.state in breakout_sync.AT_REST and row.start_accepted_at is None
    if idle and not breakout_sync.encoding(row) and breakout_sync.is_stopping(row):
        with transaction.atomic():
            lock(row)
            breakout_sync.sync_breakout(row)


def outside(claim: Claim, code: str, message: str, hint: str) -> dict[str, Any]:
    """The error columns for a change made outside StreamHub. They stay until the change is undone."""
    claim.keep_error = True
    return error_fields(AwsError(message, code=code), hint)


def lock(row: Channel) -> None:
    Channel.objects.select_for_update(of=("self",)).get(pk=row.pk)
