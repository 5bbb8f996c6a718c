"""Creates each part of a channel exactly once, also after an interrupted attempt."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings

from channels_app.decide.steps import Step
from channels_app.driver import input_settings, parts
from channels_app.driver.parts import ML_CHANNEL, PartDriver
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import SecondRenewal, State
from channels_app.services import distribution_add, distribution_replace
from streamhub.access.actors import SYSTEM
from streamhub.aws.ownership import is_marked
from streamhub.clock import database_now
from streamhub.errors import Conflict, NotFound, NotKnownYet, Refused, Retryable
from streamhub.lifecycle import absence, refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.quotas import places

SETTINGS_REFUSED = "settings_refused"
UNTAGGED = "created_without_tags"
SECOND_REFUSED = "second_input_refused"
FOUND = "found: an earlier attempt created it"
SECOND_HINT = "Shows go on with the main input. Correct what AWS reports, then press Retry."
CONFLICT_HINT = (
    "MediaLive says that something which it needs is in another state, for example that another channel uses "
    "the input. Look for it in MediaLive's console. StreamHub tries again by itself, at once after Retry."
)


def create(part: PartDriver, claim: Claim) -> float | None:
    """Create a part, or adopt the one that an earlier attempt created with the same id or token.

    After a conflict the token stays the same until it is proven that nothing was created with it
    (AWS_RULES 32). Raises `QuotaFull` if there is no room for it.
    """
    row: Channel = claim.row
    if part.of(row).sent_at and (not part.has_token or part.was_conflict(row)):
        if _adopt(claim, part):
            return AT_ONCE
        if part.has_token and not _sent_lately(part, row):
            claim.save(**part.columns.renewed(row))
    kind = part.quota(row)
    if kind is None:
        return _create(part, claim)
    with places.place(kind, row, in_doubt=part.of(row).sent_at is not None):
        return _create(part, claim)


def _create(part: PartDriver, claim: Claim) -> float | None:
    row: Channel = claim.row
    try:
        # What an attempt builds is recorded before it is sent; of several the first one counts.
        built = {} if part.of(row).sent_at else part.built(row)
        with claim.creating(**part.columns.create_sent(), **built):
            info, how = _send_create(part, row)
    except Conflict as error:
        error.hint = CONFLICT_HINT
        raise
    return _created(claim, part, info, f"{part.label} {how}")


def _send_create(part: PartDriver, row: Channel) -> tuple[Any, str]:
    """What AWS made, or what has our id already, which MediaPackage refuses; and which of the two it is."""
    try:
        return part.create(row), "created"
    except Refused:
        info = None if part.has_token else _found(part, row)
        if info is None:
            raise
        return info, FOUND


def _created(claim: Claim, part: PartDriver, info: Any, why: str) -> float | None:
    """Record what AWS created, once it shows that it is ours. Raises `NotKnownYet` while it shows no tags."""
    if not parts.belongs(claim.row, info):
        info = _read_again(part, info)
    if getattr(info, "gone", False) or not parts.belongs(claim.row, info):
        # The token belongs to this one. The next attempt has another, and may be answered so too: it waits.
        claim.save(**part.columns.renewed(claim.row))
        raise Retryable(
            f"The {part.label} {info.id} that was created first is deleted or no longer carries our mark.",
            operation=part.operation,
            code="token_spent",
            request_id=info.request_id,
        )
    state = claim.row.state
    new_state = State.PROVISIONING if state == State.PENDING else state
    claim.change_state(new_state, why=why, request_id=info.request_id, **part.known(info))
    return AT_ONCE


def _read_again(part: PartDriver, created: Any) -> Any:
    """What was created, as a read shows it: its answer may lack the tags (aws/aws-sdk-php#2248).

    One without any mark may be ours: with another token a second one would be created.
    """
    gone = getattr(created, "gone", False)
    if gone or is_marked(created.tags):
        return created
    with suppress(NotFound):
        info = part.describe(created.id)
        if getattr(info, "gone", False) or is_marked(info.tags):
            return info
    raise NotKnownYet(
        f"AWS shows the {part.label} {created.id}, which it has just created, without its tags. If it lasts, "
        "put the channel's tags on it or delete it, and press Retry.",
        operation=part.operation,
        code=UNTAGGED,
        request_id=created.request_id,
    )


def _adopt(claim: Claim, part: PartDriver) -> bool:
    """Adopt the resource that exists under our id if it carries our tags; whether that was done."""
    info = _found(part, claim.row)
    if info is None:
        return False
    _created(claim, part, info, f"{part.label} {FOUND}")
    return True


def _found(part: PartDriver, row: Channel) -> Any:
    """The resource that exists under our id and carries our tags; None if there is none."""
    try:
        info = part.find(row)
    except NotFound:
        return None
    return info if info is not None and parts.belongs(row, info) else None


def find(part: PartDriver, claim: Claim) -> float | None:
    """Find out whether a create took effect: adopt the resource, or record that there is none."""
    row: Channel = claim.row
    if _adopt(claim, part):
        return AT_ONCE
    if _sent_lately(part, row):
        return float(settings.OBSERVE_SECONDS)
    claim.save(**part.columns.never_created())
    return AT_ONCE


def _sent_lately(part: PartDriver, row: Channel) -> bool:
    """Whether a create was sent so lately that no list has to show its effect yet."""
    sent_at = part.of(row).sent_at
    youngest = timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS)
    return sent_at is not None and database_now() - sent_at < youngest


def wait_group(claim: Claim) -> float | None:
    """Wait for the security group, which has its own row. Raises `Refused` if AWS refused the group."""
    group: SecurityGroup | None = claim.row.security_group
    claim.keep_error |= is_for_second(claim.row, Step.WAIT_GROUP) and not claim.row.error_passes
    if group is not None and group.state == SecurityGroup.State.FAILED:
        raise Refused(
            f"AWS refused the security group for {group}: {group.error_message}",
            code=group.error_code,
            request_id=group.error_request_id or None,
            validation=[(reason["path"], reason["message"]) for reason in group.error_validation],
        )
    return float(settings.OBSERVE_SECONDS)


def is_for_second(row: Channel, step: Step) -> bool:
    """Whether the step leads to another second input of a channel that works without it."""
    lacks = row.second_renewal == SecondRenewal.DUE and not row.ml_second_id
    return lacks and step in (Step.CREATE_SECOND, Step.WAIT_GROUP)


def refuse_second(claim: Claim, refused: Refused) -> float | None:
    """Show that AWS refused another second input. The channel works without it: it is not sent again."""
    renewal = SecondRenewal.REFUSED
    what = "another second input"
    refusals.show(claim, refused, what, code=SECOND_REFUSED, hint=SECOND_HINT, second_renewal=renewal)
    return None


def keep_shown(claim: Claim) -> None:
    """What a channel without its second input shows outlasts the steps that do not bring it one."""
    row: Channel = claim.row
    refused = row.second_renewal == SecondRenewal.REFUSED and row.error_code == SECOND_REFUSED
    deleted = row.second_input_lost and row.error_code == input_settings.SECOND_DELETED
    claim.keep_error |= refused or deleted


def add_distribution(claim: Claim) -> float | None:
    """Request the distribution once the endpoint exists. Writes a row; its own steps call CloudFront."""
    distribution_add(claim.row, who=SYSTEM, why="created with its channel")
    claim.row.refresh_from_db()
    return AT_ONCE


def replace_distribution(claim: Claim) -> float | None:
    """Replace the attached distribution, which still pulls from an endpoint that is gone."""
    distribution_replace(claim.row, who=SYSTEM, why="its origin endpoint is gone")
    claim.row.refresh_from_db()
    return AT_ONCE


def clear_failed(claim: Claim) -> float | None:
    """Delete the MediaLive channel that AWS could not create. Raises `Refused`; Retry uses a new token."""
    row: Channel = claim.row
    request_id = absence.observe_on_conflict(claim, lambda: ML_CHANNEL.delete(row.ml_channel_id))
    why = f"{ML_CHANNEL.label} that AWS could not create: deletion accepted"
    claim.note(why, request_id=request_id, **ML_CHANNEL.columns.renewed(row))
    raise Refused("MediaLive could not create the channel (CREATE_FAILED).", code="CREATE_FAILED")
