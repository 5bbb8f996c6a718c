"""Gives AWS what staff edited: the input another security group, the MediaLive channel other settings.

Both calls can be repeated, so a step that dies is taken again. What was edited once more while a call was
under way stays pending.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from channels_app.driver import own_updates, parts
from channels_app.driver.input_settings import CIDRS, SLOT_OF
from channels_app.driver.parts import INPUT, INPUTS, ML_CHANNEL
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import Desired
from channels_app.services import ENCODER_FIELDS, security_group_release
from streamhub.errors import AccessDenied, AwsError, Refused
from streamhub.lifecycle import absence, refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.refusals import FOR_A_PERSON

SETTINGS_REFUSED = "settings_refused"
EDIT_REFUSED = "edit_refused"
HINT = "Press Edit and correct it. Until then the channel works as it was before."
DENIED_HINT = (
    "Give StreamHub's AWS credentials this permission (manage.py iam_policy prints the policy), then press "
    "Retry. Until then the channel works as it was before."
)


def encoder_is_due(row: Channel) -> bool:
    return not row.edits_refused and any(field in ENCODER_FIELDS for field in row.edits_pending)


def input_is_due(row: Channel) -> bool:
    return not row.edits_refused and CIDRS in row.edits_pending and bool(row.ml_input_id)


def group_is_coming(group: SecurityGroup | None) -> bool:
    """Whether the group is being created and nothing holds that up, such as a full quota."""
    return group is not None and group.state == SecurityGroup.State.PENDING and not group.error_code


def edit_input(claim: Claim) -> float | None:
    """Give the input its new security group: its URLs stay. A refusal is shown, and holds up no start."""
    row: Channel = claim.row
    sent, facts = row.security_group_id, dict[str, Any]()
    try:
        for part in (each for each in INPUTS if each.observed(row).present):
            info = absence.observe_on_conflict(claim, partial(parts.edit_input, row, SLOT_OF[part.key]))
            facts |= part.facts(info)
    except FOR_A_PERSON as refused:
        if not _is_over(row, refused):
            raise
        return refuse(claim, refused, "the new allowed CIDRs")
    with transaction.atomic():
        now = _locked(row)
        left = now.leaving_group
        done = now.security_group_id == sent
        fields = {"edits_pending": _without(now, CIDRS), "leaving_group": None} if done else {}
        why = f"{INPUT.label}: security group changed"
        claim.note(why, request_id=info.request_id, **facts, **fields)
        if done and left is not None:
            security_group_release(left)
    return AT_ONCE


def edit_encoder(claim: Claim) -> float | None:
    """Send our settings to the MediaLive channel: after an edit here, or to mend one that failed.

    A refused edit is shown, and holds up no start. Raises `Refused` if a failed edit cannot be mended.
    """
    row: Channel = claim.row
    sent, applied, what = _encoder_of(row), ML_CHANNEL.built(row), _what(row)
    try:
        info = own_updates.send(claim, what, parts.update_ml_channel)
    except FOR_A_PERSON as refused:
        if row.update_wanted or not _is_over(row, refused):
            raise
        if row.settings_pending and not encoder_is_due(row):
            hint = "Correct the setting, restart StreamHub and press Apply settings."
            refusals.show(claim, refused, what, code=SETTINGS_REFUSED, hint=hint, settings_pending=False)
            return None
        return refuse(claim, refused, what)
    with transaction.atomic():
        now = _locked(row)
        pending = _without(now, *ENCODER_FIELDS) if _encoder_of(now) == sent else now.edits_pending
        facts = {**ML_CHANNEL.own_facts(info), ML_CHANNEL.read_at: Now(), "polled_list": ML_CHANNEL.key}
        why = f"{ML_CHANNEL.label}: StreamHub's settings sent"
        done = {"update_wanted": False, "settings_pending": False, "edits_pending": pending}
        claim.note(why, request_id=info.request_id, **done, **applied, **facts)
    return AT_ONCE


def _what(row: Channel) -> str:
    """What an update of the MediaLive channel is to change, after "AWS refused"."""
    return "the new profile or recording" if encoder_is_due(row) else "the settings of the MediaLive channel"


def _is_over(row: Channel, refused: AwsError) -> bool:
    """Whether it is not tried again by itself: AWS does not take it, or a show waits behind it."""
    return isinstance(refused, Refused) or row.desired == Desired.RUNNING


def refuse(claim: Claim, refused: AwsError, what: str) -> float | None:
    """Show it, and do not send it again before another edit or a retry."""
    if isinstance(refused, AccessDenied):
        refused.hint = DENIED_HINT
    refusals.show(claim, refused, what, code=EDIT_REFUSED, hint=HINT, edits_refused=True)
    return AT_ONCE


def keep_shown(claim: Claim) -> None:
    """The refusal of an edit stays on the row while the edit is pending."""
    claim.keep_error |= claim.row.edits_refused and claim.row.error_code == EDIT_REFUSED


def _locked(row: Channel) -> Channel:
    return Channel.objects.select_for_update(of=("self",)).get(pk=row.pk)


def _without(row: Channel, *fields: str) -> list[str]:
    return [field for field in row.edits_pending if field not in fields]


def _encoder_of(row: Channel) -> tuple[object, ...]:
    return tuple(getattr(row, field) for field in ENCODER_FIELDS)
