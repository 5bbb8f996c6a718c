"""Which distributions are stale: the reaper's to delete."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from distributions.models import Desired, Distribution, State

STALE = Q(
    state=State.DISABLED,
    desired=Desired.DELETED,
    attached=False,
    protected=False,
    enabled=False,
    status="Deployed",
)


def stale() -> QuerySet[Distribution]:
    """Wanted gone, attached to nothing, not protected, disabled, and CloudFront has deployed that."""
    return Distribution.objects.filter(STALE)
