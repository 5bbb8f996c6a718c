"""Marks in Comment and tags: which distribution is a row's own, and how a new one is marked."""

from __future__ import annotations

from django.conf import settings

from distributions.driver.observing import cloudfront
from distributions.models import Distribution
from streamhub.aws.cloudfront import DistributionInfo, DistributionSpec
from streamhub.aws.ownership import Mark, comment_marker, mark_of_tags, parse_comment
from streamhub.aws.ownership import tags as ownership_tags


def spec_of(row: Distribution) -> DistributionSpec:
    """The specification of a new distribution, with our mark in Comment and tags."""
    environment = settings.STREAMHUB_ENVIRONMENT
    return DistributionSpec(
        caller_reference=row.caller_reference,
        comment=comment_marker(environment, row.uid, row.owner_label),
        origin_url=row.origin_url,
        price_class=settings.CLOUDFRONT_PRICE_CLASS,
        response_headers_policy_id=settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID or None,
        key_group_id=settings.CLOUDFRONT_KEY_GROUP_ID or None,
        tags=ownership_tags(environment, Distribution.KIND, row.uid, row.tags),
    )


def mark_is_ours(row: Distribution, mark: Mark) -> bool:
    """Whether the mark names this row and this environment."""
    return mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=Distribution.KIND, owner=row.uid)


def comment_is_ours(row: Distribution, info: DistributionInfo) -> bool:
    """Whether the Comment carries the row's mark. A list shows no tags (AWS_RULES 5)."""
    return mark_is_ours(row, parse_comment(info.comment))


def carries_mark(row: Distribution, info: DistributionInfo) -> bool:
    """Whether the distribution is this row's own, by its Comment or, if that was edited, by its tags."""
    return comment_is_ours(row, info) or mark_is_ours(row, mark_of_tags(cloudfront().tags(info.arn)))
