"""The reaper hands stale rows to the workers, as many as the rate allows in the next seconds.

Each row gets the time of its turn, and its message is sent with it. Few rows are ahead, because the rate may
fall: a row that asks for its call in vain costs more work than a deletion, and stands before those whose turn
has come. So rows are handed over often: by whichever worker has just deleted one, and by every sweep.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Case, Count, DateTimeField, Max, Q, QuerySet, Value, When
from django.db.models.functions import Now

from distributions import owners, reaper_rate
from distributions.models import Distribution, ReaperRun, State
from distributions.reaper_runs import run_under_way
from distributions.stale import REAPING, stale
from streamhub.clock import database_now
from streamhub.lifecycle import states, wake
from streamhub.lifecycle.claim import FREE, after
from streamhub.lifecycle.models import Priority

PAGE = 100
# How often deletions hand over more.
FEED_SECONDS = 1.0
# Nobody waits for a row that is this late: it makes room for another one, because its worker may be dead. So
# that workers that are only slower than the rate are not buried, no more than so many may be late.
LATE_SECONDS = 1.0
MOST_LATE = 200
# A row this long after its turn was lost with its message: it is queued again.
LOST_SECONDS = 30

_fed = float("-inf")


def feed_now_and_then(run_id: int) -> None:
    """A deletion has made room: hand over more, at most every `FEED_SECONDS` in all processes."""
    global _fed
    if time.monotonic() - _fed < FEED_SECONDS:
        return
    _fed = time.monotonic()
    due = Q(fed_at__isnull=True) | Q(fed_at__lt=after(-FEED_SECONDS))
    if ReaperRun.objects.filter(due, pk=run_id, under_way=True).update(fed_at=Now()):
        feed()


def feed() -> int:
    """Hand over what the rate allows in the next seconds, and end the run if nothing is left to do."""
    run = run_under_way()
    if run is None or not run.listed:
        return 0
    lost = Q(not_before__lt=after(-LOST_SECONDS), queued_until__isnull=False)
    Distribution.objects.filter(REAPING & lost & FREE).update(queued_until=None)
    pace = reaper_rate.handing_over()
    on_time = Count("pk", filter=Q(not_before__gte=after(-LATE_SECONDS)))
    backlog = _under_way().aggregate(last=Max("not_before"), n=Count("pk"), on_time=on_time)
    most = None
    if pace is not None:
        most = min(pace.ahead - backlog["on_time"], pace.ahead + MOST_LATE - backlog["n"])
    now = database_now()
    queued = _hand_over(run, most, max(now, backlog["last"] or now), pace.per_second if pace else None)
    if not queued and not backlog["n"] and not _under_way().exists():
        _end(run)
    return queued


def _under_way() -> QuerySet[Distribution]:
    """Rows that are being deleted. Another process may have handed them over a moment ago."""
    return Distribution.objects.filter(REAPING, error_code="")


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
    """Move rows `disabled → deleting`, unless they changed, and send their messages. The steps call AWS.

    `turns`: the time of each row's step, by its id.
    """
    if not turns:
        return 0
    turn = [When(pk=pk, then=Value(moment)) for pk, moment in turns.items()]
    now = database_now()
    moved = states.change_all(
        stale().filter(FREE, pk__in=turns),
        State.DELETING,
        why="stale: the reaper deletes it",
        not_before=Case(*turn, output_field=DateTimeField()),
        queued_until=wake.queued_mark(),
        priority=Priority.DELETE,
        reaper_run=run,
    )
    left = {row.pk: turns[row.pk] - now for row in moved}
    wake.publish(Distribution, list(left), Priority.DELETE, left)
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
