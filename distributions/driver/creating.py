"""Create a distribution exactly once, whatever the outcome of an earlier attempt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from distributions import delivery, owners, room
from distributions.driver import origin_header
from distributions.driver.marks import carries_mark, comment_is_ours, spec_of
from distributions.driver.observing import LIST, cloudfront, facts_of
from distributions.models import Distribution, State
from streamhub.aws.cloudfront import DistributionInfo
from streamhub.clock import database_now
from streamhub.errors import AlreadyExists, NotFound, QuotaExceeded, Retryable
from streamhub.lifecycle import recorded_settings
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.quotas import places
from streamhub.quotas.catalogue import DISTRIBUTIONS


def create(claim: Claim) -> float | None:
    """Create it, or adopt what an earlier attempt created with the same CallerReference.

    Raises `QuotaFull`, with what would free a place, if there is no room for it.
    """
    row: Distribution = claim.row
    try:
        with places.place(DISTRIBUTIONS, row, in_doubt=row.create_sent_at is not None):
            return _create(claim)
    except QuotaExceeded as full:
        if DISTRIBUTIONS.is_refused_by(full.code):
            full.hint = room.hint()
        raise


def _create(claim: Claim) -> float | None:
    row: Distribution = claim.row
    header = origin_header.read(row.origin_secret)
    built = _built_with(header)
    try:
        # What an attempt builds is recorded before it is sent; of several the first one counts.
        with claim.creating(create_sent_at=Now(), **({} if row.create_sent_at else built)):
            info = cloudfront().create(spec_of(row, header.value))
    except AlreadyExists as taken:
        return _adopt(claim, taken)
    _record_identified(claim, info, "created", **built)
    return AT_ONCE if info.deployed else None


def _built_with(header: origin_header.OriginHeader) -> dict[str, Any]:
    """The columns with the settings of a new distribution."""
    return {
        "settings_applied": recorded_settings.encoded(delivery.wanted()),
        "origin_header_secret": header.secret,
        "origin_header_version": header.version,
    }


def _record_identified(claim: Claim, info: DistributionInfo, why: str, **fields: Any) -> None:
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
            **fields,
        )
        owners.owner().identified(claim.row)


def _adopt(claim: Claim, taken: AlreadyExists) -> float | None:
    """The reference was used before: adopt its distribution if that carries our mark.

    If there is none, or another's, the next attempt has the next reference. It may be answered so too, so it
    waits: raises `Retryable` with AWS's words.
    """
    row: Distribution = claim.row
    info = _existing(row, taken)
    if info is not None and carries_mark(row, info):
        _record_identified(claim, info, f"adopted {info.id}, which an earlier attempt had created")
        return AT_ONCE
    if info is not None or _was_missing_before(row, taken):
        # This reference can never be used again (AWS_RULES 4).
        claim.save(reference_serial=row.reference_serial + 1, create_sent_at=None)
    raise Retryable(taken.message, **taken.about)


def _existing(row: Distribution, taken: AlreadyExists) -> DistributionInfo | None:
    """The distribution that AWS names, or the one of the list with our mark; None if there is none."""
    if not taken.existing_id:
        return _listed(row)
    try:
        return cloudfront().get(taken.existing_id)
    except NotFound:
        return None


def _was_missing_before(row: Distribution, taken: AlreadyExists) -> bool:
    """Whether the last attempt did not find it either, so long ago that it would have appeared by now."""
    waited = timedelta(seconds=max(settings.OBSERVE_SECONDS, settings.MISSING_MIN_AGE_SECONDS))
    same = (row.error_operation, row.error_code) == (taken.operation, taken.code)
    return same and row.error_at is not None and database_now() - row.error_at >= waited


def _listed(row: Distribution) -> DistributionInfo | None:
    """The distribution of CloudFront's list whose Comment has our mark."""
    pages = cloudfront().pages()
    return next((info for page in pages for info in page.items if comment_is_ours(row, info)), None)


def find(claim: Claim) -> float | None:
    """A create was sent, but its outcome is unknown and there is no id: search the list for our mark."""
    row: Distribution = claim.row
    info = _listed(row)
    if info is not None:
        _record_identified(claim, info, f"found {info.id}, which an earlier attempt had created")
        return AT_ONCE
    age = database_now() - row.create_sent_at if row.create_sent_at else timedelta.max
    if age < timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS):
        return float(settings.OBSERVE_SECONDS)
    claim.save(create_sent_at=None)
    return AT_ONCE
