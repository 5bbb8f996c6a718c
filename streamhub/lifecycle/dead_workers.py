"""Frees what a dead worker held, and wakes it at once.

A step of its may have been sent, so every freed row counts as in doubt (`outcome_unknown`): its next step
reads AWS before it acts. A row whose last call may take effect unseen waits until that is over
(`ManagedResource.unseen_effect`).
"""

from __future__ import annotations

import logging

from django.db.models import Q
from django.db.models.functions import Now

from streamhub.lifecycle import wake, workers
from streamhub.lifecycle.claim import CLAIM_SECONDS, after
from streamhub.lifecycle.driver import all_drivers
from streamhub.lifecycle.locking import update_in_order
from streamhub.lifecycle.models import Job, ManagedResource, Priority, WorkerProcess

log = logging.getLogger(__name__)

# Longer than any claim that names the worker.
FORGOTTEN_AFTER_SECONDS = 600


def free() -> int:
    """Free and wake the rows of silent workers, and return how many. One query if there is no such worker."""
    silent = list(WorkerProcess.objects.filter(workers.silent()))
    if not silent:
        return 0
    tokens = [worker.token for worker in silent]
    models = [driver.model for driver in all_drivers()]
    if any(not worker.noted_silent for worker in silent):
        _forget_queued(models)
    freed = sum(_free(model, tokens) for model in models)
    WorkerProcess.objects.filter(workers.silent(), token__in=tokens).update(noted_silent=True)
    # A lease may last an hour; what still holds one is known as dead until another run has taken it.
    leases = Job.objects.filter(leased_until__gt=Now()).values("leased_by")
    forgotten = WorkerProcess.objects.filter(beat_at__lt=after(-FORGOTTEN_AFTER_SECONDS))
    forgotten.exclude(token__in=leases).delete()
    if freed:
        log.warning("Workers silent: %d; rows freed: %d", len(silent), freed)
    return freed


def _free(model: type[ManagedResource], tokens: list[str]) -> int:
    """Free the model's rows that these workers claimed when they were already silent, or before."""
    old = Q(claimed_until__lt=after(CLAIM_SECONDS - workers.SILENT_AFTER.total_seconds()))
    held = model._default_manager.filter(old, claimed_by__in=tokens, claim_token__isnull=False)
    held = held.exclude(model.unseen_effect())
    found = dict(held.values_list("pk", "priority"))
    queued = wake.queued_mark()
    unheld = {"claim_token": None, "claimed_until": None, "claimed_by": "", "queued_until": queued}
    freed = update_in_order(held, list(found), **unheld)
    for priority in Priority:
        wake.on_commit(model, [pk for pk, own in found.items() if own == priority], priority)
    return freed


def _forget_queued(models: list[type[ManagedResource]]) -> None:
    """The messages that the worker had taken are lost with it: let the sweep queue those rows again.

    It had taken those of rows that will be due before long, too, and waited with them.
    """
    for model in models:
        marked = model._default_manager.filter(
            claim_token__isnull=True, queued_until__isnull=False, not_before__lte=after(wake.SOON_SECONDS)
        )
        update_in_order(marked, list(marked.values_list("pk", flat=True)), queued_until=None)
