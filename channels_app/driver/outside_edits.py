"""Undoes what somebody edited in the AWS console, as far as AWS allows, and says both on the timelines.

Each finding is said before the call that undoes it, since the answer of that call may be lost.
"""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db.models.functions import Now

from channels_app.driver import closing, input_settings, own_updates, parts, timelines
from channels_app.driver.moving import move, outside
from channels_app.driver.parts import ML_CHANNEL, PART_DRIVER_OF
from channels_app.models import Channel
from channels_app.models.channel import Desired, SecondRenewal
from channels_app.services.applied_settings import NOT_OPENED
from streamhub.errors import AwsError, Refused
from streamhub.lifecycle import absence, refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import error_fields
from streamhub.lifecycle.refusals import FOR_A_PERSON

ENDPOINT_CLOSED = (
    "endpoint_closed",
    "The MediaPackage endpoint was closed to viewers outside StreamHub.",
    "StreamHub opens it again. Find out who changed it.",
)
STAYS_SHUT = (
    "Viewers are shut out. Open the endpoint in MediaPackage's console: Origination ALLOW, no whitelist, and "
    "the CDN authorization of StreamHub's settings. Retry sends StreamHub's settings once more."
)
NOT_TAKEN = (
    "MediaLive accepted StreamHub's settings and does not show them, so shows run with it as it is. Correct "
    "it in MediaLive's console."
)
REFUSED = (
    "AWS refused to restore it, so the show runs with it as it is. Correct the input in MediaLive's console."
)
ATTACHMENT = "the attachment of its input"
OPENING = "the opening of the origin endpoint"


def open_endpoint(claim: Claim) -> float | None:
    """Somebody closed the endpoint to CloudFront: give it our settings again, once, and say so.

    If it stays shut, that is shown, and the show goes on: its recording and whoever is let in need it.
    """
    row: Channel = claim.row
    if row.error_code == ENDPOINT_CLOSED[0]:
        claim.keep_error = True
    else:
        how = row.endpoint_closed_by or "its CDN authorization was changed"
        why = f"closed to viewers outside StreamHub ({how}), StreamHub opens it again"
        move(claim, row.state, why=why, tell=True, **outside(claim, *ENDPOINT_CLOSED))
    try:
        info = absence.observe_on_conflict(claim, lambda: parts.open_endpoint(row))
    except Refused as refused:
        why = f"MediaPackage endpoint not opened: {refused.message}"
        timelines.note(claim, why, refused.request_id)
        refusals.show(claim, refused, OPENING, code=NOT_OPENED, hint=STAYS_SHUT)
        return AT_ONCE
    claim.save(**parts.ENDPOINT.facts(info))
    if not closing.is_shut(row):
        claim.note("MediaPackage endpoint opened", request_id=info.request_id)
        return AT_ONCE
    shown = row.endpoint_closed_by or row.authorization_seen or "no CDN authorization"
    timelines.note(claim, f"MediaPackage does not show what it accepted: {shown}", info.request_id)
    refusals.show_not_taken(
        claim, OPENING, shown, code=NOT_OPENED, hint=STAYS_SHUT, request_id=info.request_id
    )
    return AT_ONCE


def tell_input_changed(claim: Claim) -> float | None:
    """Somebody changed the input of a channel that runs. AWS takes no edit of it now (AWS_RULES 46)."""
    _tell_change(claim, input_settings.error_of(claim.row), needs_person=True)
    return AT_ONCE


def restore_input(claim: Claim) -> float | None:
    """Give the inputs their settings again. A refusal is shown; it holds up no start and not the other input.

    A show that does not begin is worse than one whose input somebody changed.
    """
    row: Channel = claim.row
    _tell_change(claim, input_settings.error_of(row, input_settings.RESTORED))
    restored: list[str | None] = []
    refused: list[tuple[str, AwsError]] = []
    for slot in input_settings.differing_slots(row):
        try:
            info = absence.observe_on_conflict(claim, partial(parts.restore_input, row, slot))
        except FOR_A_PERSON as error:
            refused.append((slot.label, error))
            continue
        facts = PART_DRIVER_OF[slot.part.key].facts(info)
        timelines.note(claim, f"{slot.label}: settings restored", info.request_id, **facts)
        restored.append(info.request_id)
    if refused and row.desired != Desired.RUNNING:
        return _show_refused(claim, refused)
    if refused:
        return _start_all_the_same(claim, refused)
    if input_settings.differing_slots(row):
        # Sent once: MediaLive writes something in another way than we do, which must hold up no start.
        _tell_not_taken(claim, restored[-1])
    timelines.told_is_over(claim)
    return AT_ONCE


def restore_attachment(claim: Claim) -> float | None:
    """Have the MediaLive channel read our input again. It is UPDATING for some seconds."""
    _tell_change(claim, input_settings.error_of(claim.row, input_settings.RESTORED))
    what = "its second input attached" if claim.row.second_waits else "its input attached again"
    try:
        info = own_updates.send(claim, ATTACHMENT, parts.attach_input)
    except FOR_A_PERSON as error:
        if claim.row.desired == Desired.RUNNING:
            raise
        return _show_refused(claim, [(input_settings.MAIN.label, error)])
    facts = {**ML_CHANNEL.own_facts(info), ML_CHANNEL.read_at: Now(), "polled_list": ML_CHANNEL.key}
    timelines.note(claim, f"MediaLive channel: {what}", info.request_id, **facts)
    if not input_settings.is_attached(claim.row):
        tell = _tell_unattached if claim.row.second_waits else _tell_not_taken
        tell(claim, info.request_id)
        claim.save(observe_requested=True)
        return float(settings.OBSERVE_SECONDS)
    timelines.told_is_over(claim)
    return AT_ONCE


def _show_refused(claim: Claim, refused: list[tuple[str, AwsError]]) -> float | None:
    """Show what AWS refused while nobody needs the inputs; what it took is not changed any more."""
    (label, first), *others = refused
    more = "".join(f"; the {other}: {error.message}" for other, error in others)
    hint = "Correct the input in MediaLive's console, or press Retry. The next start tries it again."
    reasons = [reason for _, error in refused for reason in error.validation]
    shown = Refused(first.message + more, **(first.about | {"validation": reasons}))
    shown.hint = first.hint
    told = input_settings.changed(claim.row)
    refusals.show(
        claim,
        shown,
        f"to restore the {label}",
        code=input_settings.INPUT_NOT_RESTORED,
        hint=hint,
        input_told=told,
    )
    return refusals.next_attempt(first)


def _start_all_the_same(claim: Claim, refused: list[tuple[str, AwsError]]) -> float | None:
    """It is not sent again for this change; the error of a changed input stays while the show runs."""
    told = input_settings.NOT_TAKEN + input_settings.changed(claim.row)
    why = "; ".join(
        f"{label} not restored, the show starts with it as it is: {error.message}" for label, error in refused
    )
    error = input_settings.error_of(claim.row, REFUSED)
    shown = outside(claim, *error) | {"error_needs_person": True} if error else {}
    timelines.note(claim, why, refused[-1][1].request_id, input_told=told, **shown)
    return AT_ONCE


def _tell_not_taken(claim: Claim, request_id: str | None) -> None:
    """Say that MediaLive accepted our settings and shows others: ours are not sent again for this change."""
    told = input_settings.NOT_TAKEN + input_settings.changed(claim.row)
    error = input_settings.error_of(claim.row, NOT_TAKEN)
    shown = outside(claim, *error) | {"error_needs_person": True} if error else {}
    timelines.note(claim, told, request_id, input_told=told, **shown)


def _tell_unattached(claim: Claim, request_id: str | None) -> None:
    """Say that MediaLive accepted the new second input and does not read it: not sent again before Retry."""
    error = input_settings.SECOND_UNATTACHED
    shown = outside(claim, *error) | {"error_needs_person": True}
    timelines.note(claim, error[1], request_id, second_renewal=SecondRenewal.UNATTACHED, **shown)


def _tell_change(claim: Claim, error: tuple[str, str, str] | None, *, needs_person: bool = False) -> None:
    """Say on both timelines what is changed, and show it as an error if a show depends on it.

    An answer to an earlier attempt, such as a throttle, gives way to it.
    """
    needs_person = needs_person and error != input_settings.SECOND_WAITS
    shown = outside(claim, *error) | {"error_needs_person": needs_person} if error else {}
    claim.keep_error = True
    if claim.row.error_passes:
        claim.save(**(shown or error_fields(None)))
    timelines.tell_change(claim, **shown)
