"""The MediaManager distribution: one shared row that follows the setting, and is only ever looked at.

It serves recordings and media-manager files and belongs to the house, not to StreamHub. Its row is
`protected`: a constraint keeps every verb away from it, and the driver only observes it.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from distributions.models import Desired, Distribution
from streamhub.access.actors import SYSTEM, Actor
from streamhub.access.permissions import permit
from streamhub.errors import NotPossible
from streamhub.lifecycle import intent, states
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import Priority

LABEL = "MediaManager"
LOOK_PERMISSION = "distributions.sync_distribution"
UNSET = (
    "No MediaManager distribution is configured: set MEDIAMANAGER_DISTRIBUTION_ID to its id in CloudFront."
)


def mediamanager() -> Distribution | None:
    """The row of the configured distribution; None if none is configured, or it is not registered yet."""
    wanted = settings.MEDIAMANAGER_DISTRIBUTION_ID
    if not wanted:
        return None
    return Distribution.objects.filter(protected=True, aws_distribution_id=wanted).first()


@transaction.atomic
def mediamanager_register(*, who: Actor = SYSTEM) -> Distribution | None:
    """Make the rows agree with MEDIAMANAGER_DISTRIBUTION_ID; idempotent, and without any call to AWS.

    The row of an id that is configured no longer goes; the distribution itself is left as it is.
    Raises `NotPossible` if the setting names a distribution that StreamHub made for a channel.
    """
    wanted = settings.MEDIAMANAGER_DISTRIBUTION_ID
    for row in Distribution.objects.filter(protected=True, owner_label=LABEL).exclude(
        aws_distribution_id=wanted
    ):
        states.record(row, row.state, "deleted", who=who, why="configured no longer; left as it is in AWS")
        row.delete()
    if not wanted:
        return None
    row, created = Distribution.objects.get_or_create(
        aws_distribution_id=wanted,
        defaults={
            "protected": True,
            "attached": False,
            "desired": Desired.ENABLED,
            "owner_label": LABEL,
            "priority": Priority.DELETE,
        },
    )
    if not row.protected:
        raise NotPossible(
            f"MEDIAMANAGER_DISTRIBUTION_ID names {wanted}, which StreamHub made for a channel.",
            state=row.state,
        )
    if created:
        states.record_created(row, who=who, why="configured as the MediaManager distribution")
        mediamanager_look(row)
    return row


def mediamanager_look(row: Distribution, *, who: Actor = SYSTEM) -> None:
    """Ask for a fresh reading of its state and configuration; a worker does it."""
    permit(who, LOOK_PERMISSION)
    intent.set_desired(row, priority=Priority(row.priority), observe_requested=True, config_requested=True)


def look(run: JobRun) -> None:
    """One run of the periodic job: follow the setting, then have the distribution read."""
    row = mediamanager_register()
    if row is None:
        run.say("none is configured")
        return
    mediamanager_look(row)
    run.say(f"{row.aws_distribution_id} is to be read")
