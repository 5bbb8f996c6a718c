"""Create a distribution exactly once, whatever the outcome of an earlier attempt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from distributions import owners
from distributions.driver.marks import carries_mark, comment_is_ours, spec_of
from distributions.driver.observing import LIST, cloudfront, facts_of
from distributions.models import Distribution, State
from streamhub.aws.cloudfront import DistributionInfo
from streamhub.clock import database_now
from streamhub.errors import AlreadyExists, AwsError, NotFound, Refused, Retryable
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import error_fields


def create(claim: Claim) -> float | None:
    """Create it, or adopt what an earlier attempt created with the same CallerReference."""
    row: Distribution = claim.row
    try:
        with claim.sending(create_sent_at=Now()):
            info = cloudfront().create(spec_of(row))
    except AlreadyExists as taken:
        return _adopt(claim, taken)
    except (Refused, Retryable) as error:
        if isinstance(error, Refused) or not error.effect_unknown:
            claim.save(create_sent_at=None)
        raise
    _record_identified(claim, info, "created")
    return AT_ONCE if info.deployed else None


def _record_identified(claim: Claim, info: DistributionInfo, why: str) -> None:
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
    """The reference was used before: adopt its distribution if it carries our mark, else use the next one."""
    row: Distribution = claim.row
    if not taken.existing_id:
        return find(claim)
    try:
        info = cloudfront().get(taken.existing_id)
    except NotFound:
        return _not_found_yet(claim)
    if not carries_mark(row, info):
        _next_reference(claim)
        return AT_ONCE
    _record_identified(claim, info, f"adopted {info.id}, which an earlier attempt had created")
    return AT_ONCE


def _not_found_yet(claim: Claim) -> float | None:
    """The distribution of the reference is not found. The second time in a row, use the next reference.

    The two are far enough apart for a distribution that was created a moment ago to appear.
    """
    row: Distribution = claim.row
    waited = timedelta(seconds=max(settings.OBSERVE_SECONDS, settings.MISSING_MIN_AGE_SECONDS))
    if row.create_sent_at and row.error_code == "reference_spent" and row.error_at is not None:
        if database_now() - row.error_at >= waited:
            _next_reference(claim, **error_fields(None))
            return AT_ONCE
    else:
        error = AwsError("The creation reference was used before.", code="reference_spent")
        claim.save(**error_fields(error))
    claim.keep_error = True
    return float(settings.OBSERVE_SECONDS)


def _next_reference(claim: Claim, **fields: Any) -> None:
    """Change to the next reference: this one can never be used again (AWS_RULES 4)."""
    claim.save(reference_serial=claim.row.reference_serial + 1, create_sent_at=None, **fields)


def find(claim: Claim) -> float | None:
    """A create was sent, but its outcome is unknown and there is no id: search the list for our mark."""
    row: Distribution = claim.row
    for page in cloudfront().pages():
        for info in page.items:
            if comment_is_ours(row, info):
                _record_identified(claim, info, f"found {info.id}, which an earlier attempt had created")
                return AT_ONCE
    age = database_now() - row.create_sent_at if row.create_sent_at else timedelta.max
    if age < timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS):
        return float(settings.OBSERVE_SECONDS)
    claim.save(create_sent_at=None)
    return AT_ONCE
