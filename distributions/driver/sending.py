"""Sends a change of a distribution's configuration, unless it is no longer ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from distributions.driver import marks
from distributions.driver.observing import cloudfront
from distributions.models import Distribution
from streamhub.aws.cloudfront import CloudFront, DistributionInfo
from streamhub.errors import HandedOver
from streamhub.lifecycle import absence
from streamhub.lifecycle.claim import Claim

IsOurs = Callable[[DistributionInfo], bool]
# Changes the distribution with this id, if what is read is ours.
Change = Callable[[CloudFront, str, IsOurs], DistributionInfo]


def send(claim: Claim, change: Change) -> DistributionInfo | None:
    """What CloudFront answered; None if the distribution carries no mark of ours any more: it is looked at.

    The ETag in the answer becomes our own (`own_etag`); until it is saved it is unknown.
    """
    row: Distribution = claim.row
    ours = partial(marks.still_ours, row)
    try:
        with claim.sending(own_etag=""):
            info: DistributionInfo = absence.observe_on_conflict(
                claim, lambda: change(cloudfront(), row.aws_distribution_id or "", ours)
            )
    except HandedOver:
        claim.save(observe_requested=True)
        return None
    return info
