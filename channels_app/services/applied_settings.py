"""The settings that channels are built with: those of the house now, and which channels have others.

A channel is *outdated* if its origin endpoint, its MediaLive channel or its distribution has other settings
than the house's. *Apply settings* brings them up to date.
"""

from __future__ import annotations

from itertools import product

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from channels_app.models import Channel
from channels_app.models.channel import Desired
from channels_app.profiles import ENCODER_REVISION
from distributions import delivery
from distributions.models import Distribution
from streamhub.lifecycle import recorded_settings

CLOSED_ORIGIN = "closed origin"
ROLE = "MediaLive role"
# The error of an endpoint that keeps CloudFront out although it was given our settings again.
NOT_OPENED = "endpoint_not_opened"


def wanted_authorization() -> str:
    """Who may read origin endpoints, as in `Channel.authorization`."""
    if not settings.MEDIAPACKAGE_CDN_SECRET_ARN:
        return ""
    return f"{settings.MEDIAPACKAGE_CDN_SECRET_ARN} {settings.MEDIAPACKAGE_CDN_ROLE_ARN}"


def encoder_settings(channel: Channel) -> dict[str, str]:
    """The settings of its MediaLive channel, by their names for people."""
    return _encoder_settings(record=channel.record, slate=channel.slate_on_loss)


def _encoder_settings(*, record: bool, slate: bool) -> dict[str, str]:
    return {
        ROLE: settings.MEDIALIVE_ROLE_ARN,
        "recording bucket": settings.RECORDING_BUCKET if record else "",
        **({"slate": settings.SLATE_IMAGE_URL} if slate else {}),
        # Encoding, thumbnails and the like, which a release of StreamHub may change.
        "encoder": ENCODER_REVISION,
    }


def applied_role(channel: Channel) -> str:
    """The role that its MediaLive channel was last sent. A change of the setting waits to be applied."""
    return recorded_settings.value(channel.settings_applied, ROLE) or settings.MEDIALIVE_ROLE_ARN


def encoder_differs(channel: Channel) -> list[str]:
    """The names of the settings that its MediaLive channel does not have."""
    return recorded_settings.differing(channel.settings_applied, encoder_settings(channel))


def differing(channel: Channel) -> list[str]:
    """The names of the settings that the channel does not have; none of one that is not built yet.

    One query, if its origin is closed.
    """
    if not _is_built(channel):
        return []
    names = encoder_differs(channel)
    wanted = wanted_authorization()
    if channel.authorization != wanted or channel.authorization_seen != wanted:
        names.append(CLOSED_ORIGIN)
    return names + (delivery.differing(channel.distribution) if channel.distribution else [])


def _is_built(channel: Channel) -> bool:
    return bool(channel.ml_channel_id and channel.mp_endpoint_id) and channel.desired != Desired.DELETED


def outdated() -> Q:
    """The condition of the channels that have other settings than the house's."""
    built = Q(ml_channel_id__gt="", mp_endpoint_id__gt="") & ~Q(desired=Desired.DELETED)
    encoder = Q()
    for record, slate in product((True, False), repeat=2):
        applied = recorded_settings.encoded(_encoder_settings(record=record, slate=slate))
        encoder |= Q(record=record, slate_on_loss=slate, settings_applied=applied)
    wanted = wanted_authorization()
    origin = Q(authorization=wanted, authorization_seen=wanted)
    late = Distribution.objects.filter(delivery.outdated(), channel=OuterRef("pk"))
    return built & (~(encoder & origin) | Q(Exists(late)))


def origin_closed(channel: Channel) -> bool | None:
    """Whether only CloudFront can read its origin endpoint; None: not known, or being changed just now."""
    if not channel.mp_endpoint_id or origin_switching(channel):
        return None
    return bool(channel.authorization_seen)


def origin_switching(channel: Channel) -> bool:
    """Whether the endpoint wants to see another header than CloudFront sends: nobody can watch meanwhile."""
    distribution = channel.distribution
    if distribution is None or not distribution.aws_distribution_id:
        return False
    return channel.authorization_seen.partition(" ")[0] != distribution.origin_header_secret
