"""Attachments: the interval in which a distribution delivers an on-air breakout."""

from __future__ import annotations

from channels_app.models import Attachment, Breakout, Channel
from channels_app.models.breakout import State
from distributions.models import Distribution


def attachment_open(channel: Channel, breakout: Breakout | None = None) -> None:
    """Open an attachment for the breakout that is starting or running on the channel.

    `breakout`: which one that is, if the caller knows. Idempotent; does nothing while the channel has no
    distribution. The channel's row must be locked.
    """
    if breakout is None:
        breakout = Breakout.objects.filter(channel=channel, state__in=(State.STARTING, State.RUNNING)).first()
    distribution = channel.distribution
    if breakout is None or distribution is None:
        return
    Attachment.objects.get_or_create(
        breakout=breakout,
        ended_at=None,
        defaults={
            "distribution": distribution,
            "aws_distribution_id": distribution.aws_distribution_id or "",
            "domain_name": distribution.domain_name,
        },
    )


def attachments_identify(distribution: Distribution) -> None:
    """Write CloudFront's id and domain on the attachments that were opened before they were known."""
    Attachment.objects.filter(distribution=distribution, aws_distribution_id="").update(
        aws_distribution_id=distribution.aws_distribution_id or "", domain_name=distribution.domain_name
    )
