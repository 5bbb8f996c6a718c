"""Moves MediaLive's maintenance window away from planned shows, while the channel is idle."""

from __future__ import annotations

from django.db.models.functions import Now

from channels_app.driver import own_updates, parts
from channels_app.driver.parts import ML_CHANNEL
from channels_app.models import Channel
from channels_app.models.channel import Desired, State
from channels_app.services.maintenance import better_window
from streamhub.errors import Refused
from streamhub.lifecycle import refusals
from streamhub.lifecycle.claim import Claim

WINDOW_REFUSED = "window_refused"


def is_due(row: Channel) -> bool:
    """Whether the window should move now. One query for a channel that is idle and has a window."""
    resting = row.state == State.IDLE and row.desired == Desired.IDLE
    return resting and row.error_code != WINDOW_REFUSED and better_window(row) is not None


def move(claim: Claim) -> float | None:
    """Change the window; MediaLive is UPDATING for some seconds. A refusal is shown and stops nothing."""
    row: Channel = claim.row
    window = better_window(row)
    if window is None:
        return None
    try:
        info = own_updates.send(
            claim,
            f"the maintenance window {window}",
            lambda row: parts.set_maintenance(row, window.day, window.start),
        )
    except Refused as refused:
        hint = "Move the window in MediaLive's console, away from the planned shows."
        what = f"the maintenance window {window}"
        refusals.show(claim, refused, what, code=WINDOW_REFUSED, hint=hint, needs_person=False)
        return None
    claim.note(
        f"maintenance window moved to {window}, away from a planned show",
        request_id=info.request_id,
        polled_list=ML_CHANNEL.key,
        observed_at=Now(),
        **ML_CHANNEL.own_facts(info),
    )
    return None
