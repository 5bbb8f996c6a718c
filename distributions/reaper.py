"""The reaper hands stale distributions to the workers, which delete them from AWS and from the database.

One run at a time finds them, in keyset pages, and moves each `disabled → deleting` by compare-and-swap. The
deletions are ordinary steps: every worker takes them, under the shared rate limit, with the ETag of the last
list, so that a distribution that changed since is refused by CloudFront and read again.
"""

from __future__ import annotations

from django.db.models.functions import Now

from distributions import driver, owners
from distributions.models import Distribution, State
from distributions.stale import STALE, stale
from streamhub.lifecycle import handed_over, observe, states, wake
from streamhub.lifecycle.claim import FREE
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import Priority

PAGE = 100


def delete_stale(run: JobRun) -> int:
    """One run: hand over every stale row, and return how many. Reads a list, unless one was just read."""
    if not stale().exists():
        run.say("nothing to delete")
        return 0
    if not handed_over.list_is_fresh(driver.POLLED_LIST.key):
        observe.read_list(driver.POLLED_LIST)
    queued = held = last = 0
    while page := list(stale().filter(FREE, pk__gt=last).order_by("pk")[:PAGE]):
        last = page[-1].pk
        needed = owners.owner().ownerships(page)
        free = [row for row in page if not needed[row.pk].holds]
        deleting = [row.pk for row in free if _delete(row)]
        wake.on_commit(Distribution, deleting, Priority.DELETE)
        queued, held = queued + len(deleting), held + len(page) - len(free)
        if not run.extend():
            break
    run.say(f"{queued} handed to the workers" + (f", {held} still needed on air" if held else ""))
    return queued


def _delete(row: Distribution) -> bool:
    """Compare-and-swap `disabled → deleting`. The row's next step calls AWS."""
    return states.change(
        row,
        State.DELETING,
        why="stale: the reaper deletes it",
        condition=STALE & FREE,
        not_before=Now(),
        queued_until=wake.queued_mark(),
        priority=Priority.DELETE,
    )
