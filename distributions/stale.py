"""Which distributions are stale, so that the reaper may delete them."""

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
    handed_over_at__isnull=True,
)


# Handed to the workers, and CloudFront has not accepted the deletion yet.
REAPING = Q(state=State.DELETING, delete_accepted_at__isnull=True)


def is_stale(row: Distribution) -> bool:
    """Whether this row is stale: the rule of `STALE` for a row that was read."""
    return (
        row.state == State.DISABLED
        and row.desired == Desired.DELETED
        and not (row.attached or row.protected or row.enabled is not False or row.handed_over_at)
        and row.status == "Deployed"
    )


def stale() -> QuerySet[Distribution]:
    """To be deleted, ours, unattached, unprotected, disabled, and the disable is deployed (AWS_RULES 1)."""
    return Distribution.objects.filter(STALE)
