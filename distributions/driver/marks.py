"""Which distributions are a row's own: by Comment and tags, and how a new one is marked."""

from __future__ import annotations

from django.conf import settings

from distributions.driver.observing import cloudfront
from distributions.models import Distribution
from streamhub.aws.cloudfront import DistributionInfo, DistributionSpec
from streamhub.aws.ownership import Mark, comment_marker, mark_of_tags, parse_comment
from streamhub.aws.ownership import tags as ownership_tags


def spec_of(row: Distribution) -> DistributionSpec:
    """Everything CloudFront is told about a distribution."""
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


def named_by(row: Distribution, mark: Mark) -> bool:
    """Whether a mark is this row's, of this environment."""
    return mark.belongs_to(settings.STREAMHUB_ENVIRONMENT, resource=Distribution.KIND, owner=row.uid)


def bears_comment(row: Distribution, info: DistributionInfo) -> bool:
    """All that a list tells (AWS_RULES 5: its summaries carry no tags)."""
    return named_by(row, parse_comment(info.comment))


def carries_mark(row: Distribution, info: DistributionInfo) -> bool:
    """Whether a distribution is this row's own: by its Comment, else (edited by hand) by its tags."""
    return bears_comment(row, info) or named_by(row, mark_of_tags(cloudfront().tags(info.arn)))
