"""Marks in Comment and tags: which distribution is a row's own, and how a new one is marked."""

from __future__ import annotations

from django.conf import settings

from distributions.driver.observing import cloudfront, describe
from distributions.models import Distribution
from streamhub.aws.cloudfront import DistributionInfo, DistributionSpec
from streamhub.aws.ownership import (
    Mark,
    comment_marker,
    is_still,
    mark_of_tags,
    parse_comment,
    text_of,
    text_of_comment,
)
from streamhub.aws.ownership import tags as ownership_tags
from streamhub.errors import Conflict
from streamhub.lifecycle import handed_over
from streamhub.lifecycle.claim import Claim


def spec_of(row: Distribution, header: str = "") -> DistributionSpec:
    """The specification of a new distribution, with our mark in Comment and tags.

    `header`: the value of the header that its origin wants to see.
    """
    environment = settings.STREAMHUB_ENVIRONMENT
    return DistributionSpec(
        caller_reference=row.caller_reference,
        comment=comment_marker(environment, row.uid, row.owner_label),
        origin_url=row.origin_url,
        price_class=row.price_class or settings.CLOUDFRONT_PRICE_CLASS,
        response_headers_policy_id=settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID or None,
        key_group_id=settings.CLOUDFRONT_KEY_GROUP_ID or None,
        tags=tags_of(row),
        origin_header=header,
    )


def tags_of(row: Distribution) -> dict[str, str]:
    """Its tags and our mark."""
    return ownership_tags(settings.STREAMHUB_ENVIRONMENT, Distribution.KIND, row.uid, row.tags)


def mark_is_ours(row: Distribution, mark: Mark) -> bool:
    """Whether the mark names this row and this environment."""
    return mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=Distribution.KIND, owner=row.uid)


def comment_is_ours(row: Distribution, info: DistributionInfo) -> bool:
    """Whether the Comment carries the row's mark. A list shows no tags (AWS_RULES 5)."""
    return mark_is_ours(row, parse_comment(info.comment))


def carries_mark(row: Distribution, info: DistributionInfo) -> bool:
    """Whether this row may adopt the distribution, by its Comment or, if that was edited, by its tags."""
    return comment_is_ours(row, info) or mark_is_ours(row, mark_of_tags(cloudfront().tags(info.arn)))


# --- handed over -----------------------------------------------------------------------------
#
# A distribution has two marks, its Comment and its tags; one that is left makes it ours. The Comment costs no
# call: lists and answers have it, and CloudFront refuses a write with the ETag of another Comment. Tags are
# read only while the Comment is not ours.


def _own(row: Distribution) -> Mark:
    return Mark(settings.STREAMHUB_ENVIRONMENT, Distribution.KIND, row.uid)


def still_ours(row: Distribution, info: DistributionInfo) -> bool:
    """Whether the distribution that the row knows is still its own. Reads its tags if its Comment is not."""
    own = _own(row)
    if is_still(text_of_comment(info.comment), own):
        return True
    return is_still(text_of(cloudfront().tags(info.arn)), own)


def is_handed_over(row: Distribution) -> bool:
    """Whether neither Comment nor tags, as last read, are ours."""
    return (
        _exists(row)
        and bool(row.comment_mark and row.tags_mark)
        and not any(is_still(text, _own(row)) for text in (row.comment_mark, row.tags_mark))
    )


def _exists(row: Distribution) -> bool:
    known = bool(row.aws_distribution_id) and not row.protected
    return known and not (row.gone_at or row.suspect_since or row.delete_accepted_at)


def read(claim: Claim) -> None:
    """Read what is not known of its marks, and its tags if the Comment is not ours. Raises `AwsError`."""
    row: Distribution = claim.row
    if _exists(row) and (not row.comment_mark or row.handed_over_at) and not claim.looked_at:
        describe(claim)
    if not _exists(row) or is_still(row.comment_mark, _own(row)):
        return
    try:
        claim.save(tags_mark=text_of(cloudfront().tags(row.arn)))
    except Conflict:  # there is no such resource
        claim.save(observe_requested=True, tags_mark="")


def record(claim: Claim) -> None:
    """Show on the row that it was handed over, or that it is ours again."""
    row: Distribution = claim.row
    if is_handed_over(row):
        spec = spec_of(row)
        tags = ", ".join(f"{key}={value}" for key, value in spec.tags.items() if key.startswith("streamhub:"))
        handed_over.show(
            claim,
            f"No longer marked as StreamHub's: the distribution {row.aws_distribution_id}, neither by its "
            "Comment nor by its tags. StreamHub does not change it any more.",
            f"If StreamHub should go on with it, write this Comment again: {spec.comment} (or these tags: "
            f"{tags}). StreamHub goes on within minutes, or at once after Retry. If others have taken it "
            "over, leave it so: this row goes once they have deleted it.",
        )
    elif row.handed_over_at is not None and _exists(row):
        handed_over.given_back(claim)
    else:
        return
    # Whoever gives it away or back edits it; that is no other edit to be accepted.
    claim.save(own_etag="")
