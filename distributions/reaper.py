"""The reaper hands stale distributions to the workers, which delete them from AWS and from the database.

A run begins with a list, unless all rows were read within the last complete lists. Then each sweep hands over
as many rows as the rate allows before the next sweeps (`feed`), each with the time of its turn, so that no
worker is without work and none asks in vain. The deletions are ordinary steps, with the ETag that came with
the mark in the Comment: CloudFront refuses what changed since, whoever changed it, and it is read again. So a
deletion relies on no mark that is old. The run ends when no stale row is left and no deletion is under way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db.models import Case, Count, DateTimeField, Max, Min, Q, Value, When
from django.db.models.functions import Now

from distributions import driver, owners, reaper_rate
from distributions.models import Distribution, ReaperRun, State
from distributions.reaper_runs import run_open, run_under_way
from distributions.stale import REAPING, stale
from streamhub.access.actors import system_actor
from streamhub.clock import database_now
from streamhub.lifecycle import reading, states
from streamhub.lifecycle.claim import FREE, after
from streamhub.lifecycle.freshness import is_fresh, last_answer
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import Priority

PAGE = 100
# How many sweeps ahead rows are handed over: a sweep may be late, or the worker that runs it killed.
SWEEPS_AHEAD = 4
# A row this long after its turn was lost with its worker's messages: it is queued again.
LOST_SECONDS = 15


def delete_stale(job: JobRun) -> int:
    """Begin a run, or go on with the one under way; return how many rows were handed over now.

    Reads the list if a row was not read for a while: it would be refused, and read on its own.
    """
    run = run_under_way()
    if run is None and not stale().exists():
        job.say("nothing to delete")
        return 0
    if not _were_read_lately():
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


def feed() -> int:
    """Hand over what the rate allows in the next sweeps, and end the run if nothing is left to do."""
    run = run_under_way()
    if run is None or not run.listed:
        return 0
    lost = Q(not_before__lt=after(-LOST_SECONDS), queued_until__isnull=False)
    Distribution.objects.filter(REAPING & lost & FREE).update(queued_until=None)
    rate = reaper_rate.handing_over()
    backlog = Distribution.objects.filter(REAPING, error_code="").aggregate(
        last=Max("not_before"), n=Count("pk")
    )
    most = None
    if rate is not None:
        most = ceil(rate * settings.SWEEP_SECONDS * SWEEPS_AHEAD) - backlog["n"]
    first = max(database_now(), backlog["last"] or database_now())
    queued = _hand_over(run, most, first, rate)
    if not queued and not backlog["n"]:
        _end(run)
    return queued


def _hand_over(run: ReaperRun, most: int | None, first: datetime, rate: float | None) -> int:
    """Hand over at most this many rows (None: all), one each 1/`rate` seconds from `first` on."""
    queued = last = 0
    while most is None or queued < most:
        room = PAGE if most is None else min(PAGE, most - queued)
        page = list(stale().filter(FREE, pk__gt=last).order_by("pk")[:room])
        if not page:
            break
        last = page[-1].pk
        needed = owners.owner().ownerships(page)
        free = [row.pk for row in page if not needed[row.pk].holds]
        turns = {
            pk: first + timedelta(seconds=(queued + n) / rate) if rate else first for n, pk in enumerate(free)
        }
        queued += _delete(turns, run)
    return queued


def _delete(turns: Mapping[int, datetime], run: ReaperRun) -> int:
    """Move rows `disabled → deleting`, unless they changed. Their next steps call AWS; the sweep queues them.

    `turns`: the time of each row's step, by its id.
    """
    if not turns:
        return 0
    turn = [When(pk=pk, then=Value(moment)) for pk, moment in turns.items()]
    moved = states.change_all(
        stale().filter(FREE, pk__in=turns),
        State.DELETING,
        why="stale: the reaper deletes it",
        not_before=Case(*turn, output_field=DateTimeField()),
        queued_until=None,
        priority=Priority.DELETE,
        reaper_run=run,
    )
    return len(moved)


def _end(run: ReaperRun) -> None:
    """Record the end, and why rows are left."""
    failed = Distribution.objects.filter(REAPING).exclude(error_code="")
    reasons = Counter(failed.values_list("error_message", flat=True))
    ReaperRun.objects.filter(pk=run.pk, under_way=True).update(
        under_way=None,
        ended_at=Now(),
        waiting=stale().count(),
        failed=sum(reasons.values()),
        reasons=dict(reasons.most_common(10)),
    )
