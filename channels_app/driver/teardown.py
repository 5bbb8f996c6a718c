"""Deletes a channel's parts, and its row once AWS confirms that all parts are gone."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from channels_app import breakout_sync
from channels_app.driver.input_settings import SLOTS
from channels_app.driver.parts import ML_CHANNEL, PartDriver
from channels_app.models import Channel, SecurityGroup
from channels_app.services import security_group_release
from streamhub.errors import Conflict, NotFound
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE


def delete(part: PartDriver, claim: Claim) -> float | None:
    row: Channel = claim.row
    try:
        request_id = part.delete(part.of(row).aws_id)
    except NotFound:
        # An earlier delete took effect, ours or one outside StreamHub: describe the part to confirm.
        claim.save(observe_requested=True, polled_list=part.key)
        return AT_ONCE
    except Conflict as error:
        raise absence.observe_first(claim, error) from error
    claim.note(
        f"{part.label}: deletion accepted",
        request_id=request_id,
        **part.columns.delete_accepted(),
        **(_still_attached(row) if part is ML_CHANNEL else {}),
        polled_list=part.key,
    )
    return AT_ONCE


def _still_attached(row: Channel) -> dict[str, Any]:
    """The columns of the inputs, which MediaLive keeps attached until the channel is gone.

    What was read before the channel got them does not say so. A list that was begun before must not either.
    """
    attached = {slot.state: "ATTACHED" for slot in SLOTS if slot.part.of(row).state == "DETACHED"}
    return {**attached, "observed_at": Now()}


def wait_gone(part: PartDriver, claim: Claim) -> float | None:
    claim.save(polled_list=part.key)
    return None


def forget(claim: Claim) -> float | None:
    groups: list[SecurityGroup] = [
        group for group in (claim.row.security_group, claim.row.leaving_group) if group is not None
    ]
    with transaction.atomic():
        # Lock the channel first, as everywhere; its breakouts are written next.
        Channel.objects.select_for_update(of=("self",)).get(pk=claim.row.pk)
        breakout_sync.end_breakouts_of(claim.row)
        claim.forget(why="AWS confirmed that every part is gone")
        for group in groups:
            security_group_release(group)
    return None
