"""Says on the timelines of a channel and of its breakout on air what happened to the channel's parts."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from channels_app import breakout_sync
from channels_app.driver import input_settings
from streamhub.lifecycle.claim import Claim


def note(claim: Claim, why: str, request_id: str | None, **fields: Any) -> None:
    """Write columns, and say it on both timelines."""
    with transaction.atomic():
        claim.note(why, request_id=request_id, **fields)
        breakout_sync.tell_breakout(claim.row, why)


def tell_change(claim: Claim, **fields: Any) -> None:
    """Say what somebody changed about the input, once: before the call that undoes it, which may be lost."""
    if input_settings.is_untold(claim.row):
        what = input_settings.changed(claim.row)
        note(claim, f"MediaLive input changed outside StreamHub: {what}", None, input_told=what, **fields)


def told_is_over(claim: Claim) -> None:
    """Forget what was told, after a call that restored the last of it."""
    if claim.row.input_told and not input_settings.changed(claim.row):
        claim.save(input_told="")


def tell_unchanged(claim: Claim) -> None:
    """Say that nothing about the input is changed any more, unless a call of ours said so already."""
    if claim.row.input_told and not input_settings.changed(claim.row):
        note(claim, "MediaLive input: as it should be again", None, input_told="")
