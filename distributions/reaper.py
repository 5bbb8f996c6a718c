"""The reaper deletes stale distributions, page by page, first from AWS and then from the database."""

from __future__ import annotations

from django.db.models.functions import Now

from distributions import driver, owners
from distributions.models import Distribution, State
from distributions.stale import STALE, stale
from streamhub.lifecycle import observe, states
from streamhub.lifecycle.claim import FREE
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import Priority
from streamhub.lifecycle.reconcile import reconcile

PAGE = 100
GIVE_UP_AFTER_ERRORS = 3


def delete_stale(run: JobRun) -> int:
    """One run: read one list, then delete each stale row, in keyset pages. Returns how many were started.

    A row whose delete failed stays `deleting` and the sweep retries it. Several failures in a row end the
    run; the next run continues.
    """
    if not stale().exists():
        run.say("nothing to delete")
        return 0
    observe.read_list(driver.POLLED_LIST)
    started = errors = last = 0
    while page := list(stale().filter(FREE, pk__gt=last).order_by("pk")[:PAGE]):
        last = page[-1].pk
        for row in page:
            if _delete(row):
                started += 1
                errors = errors + 1 if _has_error(row) else 0
            if errors >= GIVE_UP_AFTER_ERRORS:
                run.say(f"{started} started; stopped after {errors} errors in a row, the next run continues")
                return started
        if not run.extend():
            break
    run.say(f"{started} started")
    return started


def _delete(row: Distribution) -> bool:
    """Compare-and-swap `disabled → deleting`, then take the step that calls AWS."""
    if owners.owner().holds(row):
        return False
    moved = states.change(
        row,
        State.DELETING,
        why="stale: the reaper deletes it",
        condition=STALE & FREE,
        not_before=Now(),
        priority=Priority.DELETE,
    )
    return moved and reconcile(Distribution._meta.label_lower, row.pk)


def _has_error(row: Distribution) -> bool:
    """Whether AWS may be refusing deletions. One that was handed over says nothing about the others."""
    waits = Distribution.objects.filter(pk=row.pk, handed_over_at__isnull=True)
    return waits.exclude(error_code="").exists()
