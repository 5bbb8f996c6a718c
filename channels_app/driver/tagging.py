"""Gives a channel's parts the tags that staff changed, one part a step.

Both calls of a part can be repeated, so a step that dies is taken again. A tag that nobody of ours set, such
as one of AWS's cost allocation, is left alone.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from channels_app.driver.parts import PART_DRIVER_OF, PartDriver, tags_of
from channels_app.models import Channel
from streamhub.errors import AwsError, Conflict, NotFound, Refused
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import error_fields

TAGS_REFUSED = "tags_refused"


def next_part(row: Channel) -> PartDriver | None:
    """The next part that exists and lacks a change of the tags."""
    parts = (PART_DRIVER_OF[key] for key in row.tags_pending)
    return next((part for part in parts if part.observed(row).present and part.of(row).arn), None)


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
        return _show_refusal(claim, part, error)
    with transaction.atomic():
        now = Channel.objects.select_for_update(of=("self",)).get(pk=row.pk)
        pending = now.tags_pending
        if (now.tags, now.tags_removed) == sent:  # else they were changed again meanwhile
            pending = [key for key in pending if key != part.key]
        removed = now.tags_removed if pending else []
        claim.note(
            f"{part.label}: tags changed", request_id=request_id, tags_pending=pending, tags_removed=removed
        )
    return AT_ONCE


def _show_refusal(claim: Claim, part: PartDriver, refused: AwsError) -> float | None:
    error = AwsError(
        f"AWS refused the tags of the {part.label}: {refused.message}",
        code=TAGS_REFUSED,
        request_id=refused.request_id,
    )
    claim.keep_error = True
    shown = error_fields(error, "Press Edit tags and correct them.")
    claim.save(**{**shown, "error_needs_person": True}, observed_at=Now())
    return None
