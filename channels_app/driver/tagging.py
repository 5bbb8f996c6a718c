"""Gives a channel's parts the tags that staff changed, one part a step, and the input those that were taken.

Both calls of a part can be repeated, so a step that dies is taken again. A tag that nobody of ours set, such
as one of AWS's cost allocation, is left alone.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from channels_app import breakout_sync
from channels_app.driver import input_settings
from channels_app.driver.parts import INPUT, PART_DRIVER_OF, PartDriver, tags_of
from channels_app.models import Channel
from streamhub.errors import Conflict, NotFound, Refused
from streamhub.lifecycle import refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.refusals import TAGS_REFUSED


def next_part(row: Channel) -> PartDriver | None:
    """The next part that exists and lacks a change of the tags, or the input if somebody changed its tags."""
    parts = [PART_DRIVER_OF[key] for key in row.tags_pending]
    if _taken_from_input(row):
        parts.append(INPUT)
    return next((part for part in parts if part.observed(row).present and part.of(row).arn), None)


def _taken_from_input(row: Channel) -> bool:
    """Whether the input lacks a tag of ours, and is ours all the same."""
    return input_settings.tags_differ(row, tags_of(row)) and not INPUT.observed(row).handed_over


def tag(claim: Claim) -> float | None:
    """Tag the next part. A refusal is shown, and the channel goes on: its pictures do not depend on tags."""
    row: Channel = claim.row
    part = next_part(row)
    if part is None:
        return None
    sent = (row.tags, row.tags_removed)
    claim.keep_error = row.error_code != TAGS_REFUSED
    try:
        request_id = part.tag(part.of(row).arn, tags_of(row), row.tags_removed)
    except NotFound:
        claim.save(observe_requested=True, polled_list=part.key)
        return AT_ONCE
    except (Refused, Conflict) as error:
        what, hint = f"the tags of the {part.label}", "Press Edit tags and correct them."
        refusals.show(claim, error, what, code=TAGS_REFUSED, hint=hint, observed_at=Now())
        return None
    with transaction.atomic():
        now = Channel.objects.select_for_update(of=("self",)).get(pk=row.pk)
        pending = now.tags_pending
        if (now.tags, now.tags_removed) == sent:  # else they were changed again meanwhile
            pending = [key for key in pending if key != part.key]
        removed = now.tags_removed if pending else []
        outside = part.key not in row.tags_pending
        why = f"{part.label}: tags {'changed outside StreamHub, restored' if outside else 'changed'}"
        tagged = {"input_settings": input_settings.with_tags(row, tags_of(row))} if part is INPUT else {}
        claim.note(why, request_id=request_id, tags_pending=pending, tags_removed=removed, **tagged)
        if outside:
            breakout_sync.tell_breakout(claim.row, why)
    return AT_ONCE
