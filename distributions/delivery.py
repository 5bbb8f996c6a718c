"""How distributions deliver: the settings of the house now, and which distributions have others.

A distribution records what CloudFront was last sent (`settings_applied`, `origin_header_…`, `price_class`).
What differs from the settings is *outdated*, until *Apply settings* of its channel.
"""

from __future__ import annotations

from django.conf import settings
from django.db.models import F, Q

from distributions.models import Desired, Distribution, OriginSecret
from streamhub.aws.distribution_config import DELIVERY_REVISION
from streamhub.lifecycle import recorded_settings

PRICE_CLASS = "price class"
ORIGIN_HEADER = "origin header"


def wanted() -> dict[str, str]:
    """The settings that all distributions share, by their names for people."""
    return {
        "key group": settings.CLOUDFRONT_KEY_GROUP_ID,
        "response headers policy": settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID,
        "alias domain": settings.CLOUDFRONT_ALIAS_DOMAIN,
        "certificate": settings.CLOUDFRONT_CERTIFICATE_ARN,
        # Error caching, cache policy and the like, which a release of StreamHub may change.
        "delivery": DELIVERY_REVISION,
    }


def version_in_use() -> str:
    """The version of the origin secret whose value CloudFront should send; "" if it was not read yet.

    One query, if origins are closed.
    """
    arn = settings.MEDIAPACKAGE_CDN_SECRET_ARN
    if not arn:
        return ""
    return OriginSecret.objects.filter(arn=arn).values_list("version_in_use", flat=True).first() or ""


def outdated() -> Q:
    """The condition of the distributions that exist and deliver with other settings than the house's."""
    exists = Q(aws_distribution_id__isnull=False, protected=False, attached=True, desired=Desired.ENABLED)
    header = Q(origin_secret=F("origin_header_secret"))
    if version := version_in_use():
        header &= Q(origin_secret="") | Q(origin_header_version=version)
    shared = Q(settings_applied=recorded_settings.encoded(wanted()))
    followed = Q(price_class=settings.CLOUDFRONT_PRICE_CLASS, price_class_pending=False)
    price = Q(price_class_chosen=True) | followed
    return exists & ~(shared & price & header)


def differing(row: Distribution) -> list[str]:
    """The names of the settings that the distribution does not have; none of one that does not exist.

    One query, if its origin is closed.
    """
    exists = row.aws_distribution_id and not row.protected and row.attached
    if not exists or row.desired != Desired.ENABLED:
        return []
    names = recorded_settings.differing(row.settings_applied, wanted())
    if _header_differs(row):
        names.append(ORIGIN_HEADER)
    followed = row.price_class == settings.CLOUDFRONT_PRICE_CLASS and not row.price_class_pending
    if not row.price_class_chosen and not followed:
        names.append(PRICE_CLASS)
    return names


def _header_differs(row: Distribution) -> bool:
    if row.origin_secret != row.origin_header_secret:
        return True
    version = version_in_use() if row.origin_secret else ""
    return bool(version) and row.origin_header_version != version
