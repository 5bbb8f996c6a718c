"""Deleting a channel's parts, and its row when AWS says that all are gone."""

from __future__ import annotations

from django.db import transaction

from channels_app import breakout_sync
from channels_app.driver.parts import PartDriver
from channels_app.models import Channel, SecurityGroup
from channels_app.services import security_group_release
from streamhub.errors import Conflict, NotFound
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE


def delete(kind: PartDriver, claim: Claim) -> float | None:
    row: Channel = claim.row
    try:
        request_id = kind.delete(kind.of(row).aws_id)
    except NotFound:
        # After a delete of ours that was cut, or somebody else's: the describe decides.
        claim.save(observe_requested=True, polled_list=kind.key)
        return AT_ONCE
    except Conflict as error:
        raise absence.observe_first(claim, error) from error
    claim.note(
        f"{kind.words}: deletion accepted",
        request_id=request_id,
        **kind.columns.delete_accepted(),
        polled_list=kind.key,
    )
    return AT_ONCE


def wait_gone(kind: PartDriver, claim: Claim) -> float | None:
    claim.save(polled_list=kind.key)
    return None


def forget(claim: Claim) -> float | None:
    group: SecurityGroup | None = claim.row.security_group
    with transaction.atomic():
        # First the channel's lock, as everywhere: its breakouts are written next.
        Channel.objects.select_for_update(of=("self",)).get(pk=claim.row.pk)
        breakout_sync.channel_gone(claim.row)
        claim.forget(why="AWS says that every part is gone")
        if group is not None:
            security_group_release(group)
    return None
