"""Creating a channel's parts, each exactly once, whatever became of an earlier attempt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings

from channels_app.driver import parts
from channels_app.driver.parts import ML_CHANNEL, PartDriver
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import State
from channels_app.services import distribution_add, distribution_replace
from streamhub.access.actors import SYSTEM
from streamhub.errors import Conflict, NotFound, Refused, Retryable
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import database_now


def create(kind: PartDriver, claim: Claim) -> float | None:
    """Create a part, or adopt what an earlier attempt created under the same id or token."""
    row: Channel = claim.row
    if kind.of(row).sent_at and not kind.has_token and _adopt(claim, kind):
        return AT_ONCE
    claim.save(**kind.columns.create_sent())
    try:
        info = kind.create(row)
    except Conflict:
        # The token was spent on something that was deleted since: draw the next one.
        if not kind.has_token:
            raise
        claim.save(**kind.columns.renewed(row))
        return AT_ONCE
    except (Refused, Retryable) as error:
        if isinstance(error, Refused) and not kind.has_token and _adopt(claim, kind):
            return AT_ONCE
        if isinstance(error, Refused) or not error.effect_unknown:
            claim.save(**kind.columns.never_created())
        raise
    return _created(claim, kind, info, f"{kind.words} created")


def _created(claim: Claim, kind: PartDriver, info: Any, why: str) -> float | None:
    if getattr(info, "gone", False) or not parts.belongs(claim.row, info):
        claim.save(**kind.columns.renewed(claim.row))
        return AT_ONCE
    state = claim.row.state
    to = State.PROVISIONING if state == State.PENDING else state
    claim.change_state(to, why=why, request_id=info.request_id, **kind.known(info))
    return AT_ONCE


def _adopt(claim: Claim, kind: PartDriver) -> bool:
    """Take what stands under our id already, if it carries our mark."""
    try:
        info = kind.find(claim.row)
    except NotFound:
        return False
    if info is None or not parts.belongs(claim.row, info):
        return False
    _created(claim, kind, info, f"{kind.words} found, which an earlier attempt had created")
    return True


def find(kind: PartDriver, claim: Claim) -> float | None:
    """A create was sent and its outcome is unknown: adopt what is there, or make sure nothing is."""
    row: Channel = claim.row
    if _adopt(claim, kind):
        return AT_ONCE
    sent_at = kind.of(row).sent_at
    if sent_at is not None and database_now() - sent_at < timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS):
        return float(settings.OBSERVE_SECONDS)
    claim.save(**kind.columns.never_created())
    return AT_ONCE


def wait_group(claim: Claim) -> float | None:
    """Its security group is made by a row of its own, which may have failed. Raises `Refused`."""
    group: SecurityGroup | None = claim.row.security_group
    if group is not None and group.state == SecurityGroup.State.FAILED:
        raise Refused(
            f"The security group of {group} was refused: {group.error_message}",
            code=group.error_code,
            request_id=group.error_request_id or None,
        )
    return float(settings.OBSERVE_SECONDS)


def add_distribution(claim: Claim) -> float | None:
    """As soon as the endpoint exists, in parallel with MediaLive: an intent, not an AWS call."""
    distribution_add(claim.row, who=SYSTEM, why="created with its channel")
    claim.row.refresh_from_db()
    return AT_ONCE


def replace_distribution(claim: Claim) -> float | None:
    """The endpoint was created anew: what is attached pulls from the old one."""
    distribution_replace(claim.row, who=SYSTEM, why="its origin endpoint is gone")
    claim.row.refresh_from_db()
    return AT_ONCE


def clear_failed(claim: Claim) -> float | None:
    """AWS could not create it: clear it away, then wait for a person and a new token."""
    row: Channel = claim.row
    request_id = absence.observe_on_conflict(claim, lambda: ML_CHANNEL.delete(row.ml_channel_id))
    why = f"{ML_CHANNEL.words} that AWS could not create: deletion accepted"
    claim.note(why, request_id=request_id, **ML_CHANNEL.columns.renewed(row))
    raise Refused("MediaLive says CREATE_FAILED for the channel.", code="CREATE_FAILED")
