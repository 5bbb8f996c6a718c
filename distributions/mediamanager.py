"""The MediaManager distribution: one shared row that follows a setting. StreamHub only reads it.

It serves recordings and media-manager files, and StreamHub does not own it. Its row is `protected`:
database constraints keep every verb away from it, and the driver only observes it.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from distributions.models import Desired, Distribution
from streamhub.access import audit
from streamhub.access.actors import SYSTEM, Actor
from streamhub.errors import NotPossible
from streamhub.lifecycle import intent, states
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import Priority

LABEL = "MediaManager"
LOOK_PERMISSION = "distributions.sync_distribution"
UNSET = _(
    "No MediaManager distribution is configured. Set MEDIAMANAGER_DISTRIBUTION_ID to its CloudFront id."
)


def mediamanager() -> Distribution | None:
    """The row of the configured distribution; None if none is configured or registered."""
    configured_id = settings.MEDIAMANAGER_DISTRIBUTION_ID
    if not configured_id:
        return None
    return Distribution.objects.filter(protected=True, aws_distribution_id=configured_id).first()


@transaction.atomic
def mediamanager_register(*, who: Actor = SYSTEM) -> Distribution | None:
    """Make the rows match MEDIAMANAGER_DISTRIBUTION_ID. Idempotent; calls nothing on AWS.

    Rows of other ids are deleted; their distributions stay as they are on AWS.
    Raises `NotPossible` if the setting names a distribution that StreamHub made for a channel.
    """
    configured_id = settings.MEDIAMANAGER_DISTRIBUTION_ID
    outdated = Distribution.objects.filter(protected=True, owner_label=LABEL)
    for row in outdated.exclude(aws_distribution_id=configured_id):
        why = gettext("no longer configured; the distribution stays on AWS")
        states.record(row, row.state, Desired.DELETED, who=who, why=why)
        row.delete()
    if not configured_id:
        return None
    row, created = Distribution.objects.get_or_create(
        aws_distribution_id=configured_id,
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
            gettext(
                "MEDIAMANAGER_DISTRIBUTION_ID names %(configured_id)s, which StreamHub made for a channel."
            )
            % {"configured_id": configured_id},
            state=row.state,
        )
    if created:
        states.record_created(row, who=who, why=gettext("configured as the MediaManager distribution"))
        mediamanager_look(row)
    return row


@transaction.atomic
@audit.verb(LOOK_PERMISSION)
def mediamanager_look(row: Distribution, *, who: Actor = SYSTEM) -> None:
    """Have a worker read its state and configuration."""
    intent.set_desired(row, priority=Priority(row.priority), observe_requested=True, config_requested=True)


def look(run: JobRun) -> None:
    """One run of the periodic job: follow the setting, then have a worker read the distribution."""
    row = mediamanager_register()
    if row is None:
        run.say(gettext("no MediaManager distribution is configured"))
        return
    mediamanager_look(row)
    run.say(
        gettext("a worker will read %(aws_distribution_id)s")
        % {"aws_distribution_id": row.aws_distribution_id}
    )
