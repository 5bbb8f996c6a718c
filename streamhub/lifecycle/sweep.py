"""The sweep: put every row that is due, or will be before long, on its queue once, urgent rows first."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Now

from streamhub.contributions import contributed
from streamhub.lifecycle import dead_workers, periodic, wake
from streamhub.lifecycle.claim import FREE, after
from streamhub.lifecycle.driver import all_drivers
from streamhub.lifecycle.locking import update_in_order
from streamhub.lifecycle.models import ManagedResource, Priority

BATCH = 500
# After so long on its queue a message of an urgent row counts as lost with its broker: nobody waits a minute
# for a stop. If it was not, the second one does nothing. Bulk rows may wait for thousands of others.
URGENT_LOST_SECONDS = 15


def _not_queued(priority: Priority) -> Q:
    """The condition that a row of this priority is on no queue, as far as is known."""
    seconds = URGENT_LOST_SECONDS if priority.urgent else wake.QUEUED_SECONDS
    return Q(queued_until__isnull=True) | Q(queued_until__lt=after(wake.QUEUED_SECONDS - seconds))


def sweep() -> int:
    """Free what dead workers held, queue the due rows of all managed models, and return how many.

    First, long jobs that wait are asked for if they may run now, and what apps contribute as `at_sweep` may
    make rows due. It asks AWS nothing.
    """
    freed = dead_workers.free()
    periodic.wake_waiting()
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
        not_queued = _not_queued(priority)
        due = rows.filter(FREE, not_queued, not_before__lte=after(wake.SOON_SECONDS), priority=priority)
        left = dict(due.order_by("not_before").values_list("pk", wake.seconds_left())[:room])
        if not left:
            continue
        pks = list(left)
        update_in_order(rows.filter(not_queued), pks, queued_until=wake.queued_mark())
        wake.publish(model, pks, priority, left)
        queued += len(pks)
    return queued
