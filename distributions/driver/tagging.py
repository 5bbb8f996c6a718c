"""Gives a distribution the tags that staff changed. Both calls can be repeated."""

from __future__ import annotations

from django.db import transaction

from distributions.driver.marks import tags_of
from distributions.driver.observing import cloudfront
from distributions.models import Distribution
from streamhub.errors import Conflict
from streamhub.lifecycle import absence, refusals
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.refusals import FOR_A_PERSON, TAGS_REFUSED


def tag(claim: Claim) -> float | None:
    """Tag it. A refusal is shown, and the distribution goes on: viewers do not depend on tags."""
    row: Distribution = claim.row
    sent = (row.tags, row.tags_removed)
    refusals.keep_others(claim, TAGS_REFUSED)
    try:
        request_id = cloudfront().change_tags(row.arn, tags_of(row), row.tags_removed)
    except Conflict as error:  # no such resource, which is no proof that it is gone
        raise absence.observe_first(claim, error) from error
    except FOR_A_PERSON as error:
        hint = "Press Edit tags on its channel and correct them."
        return refusals.show(claim, error, "the tags of the distribution", code=TAGS_REFUSED, hint=hint)
    with transaction.atomic():
        now = Distribution.objects.select_for_update().get(pk=row.pk)
        done = (now.tags, now.tags_removed) == sent  # else they were changed again meanwhile
        removed = [] if done else now.tags_removed
        claim.note("tags changed", request_id=request_id, tags_pending=not done, tags_removed=removed)
    return AT_ONCE
