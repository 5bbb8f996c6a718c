"""Gives a channel's parts the tags that staff changed, one part a step, and the input those that were taken.

Both calls of a part can be repeated, so a step that dies is taken again. A tag that nobody of ours set, such
as one of AWS's cost allocation, is left alone.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from channels_app.driver import input_settings, timelines
from channels_app.driver.input_settings import SLOT_OF
from channels_app.driver.marks import tags_of
from channels_app.driver.parts import PART_DRIVER_OF, PartDriver
from channels_app.models import Channel
from streamhub.errors import Conflict, NotFound
from streamhub.lifecycle import refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.refusals import FOR_A_PERSON, TAGS_REFUSED


def next_part(row: Channel) -> PartDriver | None:
    """The next part that exists and lacks a change of the tags, or the input if somebody changed its tags."""
    parts = [PART_DRIVER_OF[key] for key in row.tags_pending]
    parts += [PART_DRIVER_OF[key] for key, slot in SLOT_OF.items() if input_settings.lost_tags(row, slot)]
    return next((part for part in parts if part.observed(row).present and part.of(row).arn), None)


def tag(claim: Claim) -> float | None:
    """Tag the next part. A refusal is shown, and the channel goes on: its pictures do not depend on tags."""
    row: Channel = claim.row
    part = next_part(row)
    if part is None:
        return None
    sent = (row.tags, row.tags_removed)
    restoring = part.key not in row.tags_pending
    if restoring:
        timelines.tell_change(claim)
    refusals.keep_others(claim, TAGS_REFUSED)
    try:
        request_id = part.tag(part.of(row).arn, tags_of(row), row.tags_removed)
    except NotFound:
        claim.save(observe_requested=True, polled_list=part.key)
        return AT_ONCE
    except (*FOR_A_PERSON, Conflict) as error:
        what, hint = f"the tags of the {part.label}", "Press Edit tags and correct them."
        return refusals.show(claim, error, what, code=TAGS_REFUSED, hint=hint, observed_at=Now())
    with transaction.atomic():
        now = Channel.objects.select_for_update(of=("self",)).get(pk=row.pk)
        pending = now.tags_pending
        if (now.tags, now.tags_removed) == sent:  # else they were changed again meanwhile
            pending = [key for key in pending if key != part.key]
        removed = now.tags_removed if pending else []
        why = f"{part.label}: tags {'restored' if restoring else 'changed'}"
        tagged = input_settings.with_our_tags(row, SLOT_OF[part.key]) if part.key in SLOT_OF else {}
        say = timelines.note if restoring else Claim.note
        say(claim, why, request_id=request_id, tags_pending=pending, tags_removed=removed, **tagged)
    timelines.told_is_over(claim)
    return AT_ONCE
