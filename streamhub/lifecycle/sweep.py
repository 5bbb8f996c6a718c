"""The sweep: put every row that is due, or will be before long, on its queue once, urgent rows first."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Now

from streamhub.contributions import contributed
from streamhub.lifecycle import dead_workers, wake
from streamhub.lifecycle.claim import FREE, after
from streamhub.lifecycle.driver import all_drivers
from streamhub.lifecycle.locking import update_in_order
from streamhub.lifecycle.models import ManagedResource, Priority

BATCH = 500
NOT_QUEUED = Q(queued_until__isnull=True) | Q(queued_until__lt=Now())


def sweep() -> int:
    """Free what dead workers held, queue the due rows of all managed models, and return how many.

    First, what apps contribute as `at_sweep` may make rows due. It asks AWS nothing.
    """
    freed = dead_workers.free()
    for feed in contributed("at_sweep"):
        feed()
    return freed + sum(sweep_model(driver.model) for driver in all_drivers())


def sweep_model(model: type[ManagedResource]) -> int:
    """Queue up to `BATCH` rows of one model that are due or will be soon, by priority, then by due time.

    At most `BATCH` bulk rows wait on the queue at a time, so that a mass deletion does not fill the broker
    with duplicates of rows that no worker has reached yet. Urgent rows are never held back.
    """
    queued = 0
    rows = model._default_manager
    bulk_waiting = rows.filter(queued_until__gt=Now(), priority__gt=Priority.START).count()
    for priority in Priority:
        room = BATCH if priority.urgent else BATCH - bulk_waiting - queued
        if room <= 0:
            break
        due = rows.filter(FREE, NOT_QUEUED, not_before__lte=after(wake.SOON_SECONDS), priority=priority)
        left = dict(due.order_by("not_before").values_list("pk", wake.seconds_left())[:room])
        if not left:
            continue
        pks = list(left)
        update_in_order(rows.filter(NOT_QUEUED), pks, queued_until=wake.queued_mark())
        wake.publish(model, pks, priority, left)
        queued += len(pks)
    return queued
