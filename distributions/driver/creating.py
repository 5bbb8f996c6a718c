"""Creating a distribution exactly once, whatever became of an earlier attempt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from distributions import owners
from distributions.driver.marks import bears_comment, carries_mark, spec_of
from distributions.driver.observing import LIST, cloudfront, facts_of
from distributions.models import Distribution, State
from streamhub.aws.cloudfront import DistributionInfo
from streamhub.errors import AlreadyExists, AwsError, NotFound, Refused, Retryable
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import database_now, error_fields


def create(claim: Claim) -> float | None:
    """Create it, or adopt what an earlier attempt created under the same reference."""
    row: Distribution = claim.row
    claim.save(create_sent_at=Now())
    try:
        info = cloudfront().create(spec_of(row))
    except AlreadyExists as taken:
        return _adopt(claim, taken)
    except (Refused, Retryable) as error:
        if isinstance(error, Refused) or not error.effect_unknown:
            claim.save(create_sent_at=None)
        raise
    _born(claim, info, "created")
    return AT_ONCE if info.deployed else None


def _born(claim: Claim, info: DistributionInfo, why: str) -> None:
    with transaction.atomic():
        claim.change_state(
            State.DEPLOYING,
            why=why,
            request_id=info.request_id,
            aws_distribution_id=info.id,
            polled_list=LIST,
            suspect_since=None,
            observed_at=Now(),
            own_etag=info.etag or "",
            **facts_of(info),
        )
        owners.owner().identified(claim.row)


def _adopt(claim: Claim, taken: AlreadyExists) -> float | None:
    """The reference was sent before: adopt what stands under it if it is ours, else draw a new one."""
    row: Distribution = claim.row
    if not taken.existing_id:
        return find(claim)
    try:
        info = cloudfront().get(taken.existing_id)
    except NotFound:
        return _spent(claim)
    if not carries_mark(row, info):
        _draw_anew(claim)
        return AT_ONCE
    _born(claim, info, f"adopted {info.id}, which an earlier attempt had created")
    return AT_ONCE


def _spent(claim: Claim) -> float | None:
    """The reference's distribution is not to be found: once is a suspicion, twice draws a new one.

    It may have been created a moment ago: between the two it has the time to show itself.
    """
    row: Distribution = claim.row
    waited = timedelta(seconds=max(settings.OBSERVE_SECONDS, settings.MISSING_MIN_AGE_SECONDS))
    if row.create_sent_at and row.error_code == "reference_spent" and row.error_at is not None:
        if database_now() - row.error_at >= waited:
            _draw_anew(claim, **error_fields(None))
            return AT_ONCE
    else:
        error = AwsError("The creation reference was used before.", code="reference_spent")
        claim.save(**error_fields(error))
    claim.keep_error = True
    return float(settings.OBSERVE_SECONDS)


def _draw_anew(claim: Claim, **fields: Any) -> None:
    """The next reference: this one can never be used again (AWS_RULES 4)."""
    claim.save(reference_serial=claim.row.reference_serial + 1, create_sent_at=None, **fields)


def find(claim: Claim) -> float | None:
    """A create was sent, its outcome is unknown and there is no id: look for our mark in the list."""
    row: Distribution = claim.row
    for page in cloudfront().pages():
        for info in page.items:
            if bears_comment(row, info):
                _born(claim, info, f"found {info.id}, which an earlier attempt had created")
                return AT_ONCE
    age = database_now() - row.create_sent_at if row.create_sent_at else timedelta.max
    if age < timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS):
        return float(settings.OBSERVE_SECONDS)
    claim.save(create_sent_at=None)
    return AT_ONCE
