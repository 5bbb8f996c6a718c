"""The reaper hands stale distributions to the workers, which delete them from AWS and from the database.

A run begins with a list, unless all rows were read within the last complete lists. Then rows are handed over
as the rate allows (`feeding`), each with the time of its turn, so that no worker is without work and few ask
in vain. The deletions are ordinary steps, with the ETag that came with the mark in the Comment: CloudFront
refuses what changed since, whoever changed it, and it is read again. So a deletion relies on no mark that is
old. The run ends when no stale row is left and no deletion is under way.
"""

from __future__ import annotations

from django.db.models import Count, Min, Q

from distributions import driver
from distributions.feeding import feed
from distributions.models import ReaperRun
from distributions.reaper_runs import run_open, run_under_way
from distributions.stale import stale
from streamhub.access.actors import system_actor
from streamhub.lifecycle import reading
from streamhub.lifecycle.freshness import is_fresh, last_answer
from streamhub.lifecycle.lease import JobRun


def delete_stale(job: JobRun) -> int:
    """Begin a run, or go on with the one under way; return how many rows were handed over now.

    Reads the list if a row was not read for a while: it would be refused, and read on its own.
    """
    run = run_under_way()
    if run is None and not stale().exists():
        job.say("nothing to delete")
        return 0
    if not _were_read_lately():
        with reading.observing(job.keep):
            reading.read_list(driver.POLLED_LIST)
    run = run or run_open(system_actor("reaper"))
    ReaperRun.objects.filter(pk=run.pk, listed=False).update(listed=True, seen=stale().count())
    queued = feed()
    if run_under_way() is None and not stale().exists():
        job.say("nothing to delete")
        return queued
    job.say(f"{queued} handed to the workers, {stale().count()} wait for their turn or are needed on air")
    return queued


def _were_read_lately() -> bool:
    """Whether every stale row was read since the complete list before the last, by a step or by the list."""
    if is_fresh(last_answer(None, driver.POLLED_LIST.key)):
        return True
    oldest = stale().aggregate(unread=Count("pk", filter=Q(observed_at=None)), at=Min("observed_at"))
    return not oldest["unread"] and is_fresh(oldest["at"])
