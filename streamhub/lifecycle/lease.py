"""The lease on a job's row: one run at a time across all workers. The run's outcome is recorded."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from streamhub.clock import from_now
from streamhub.errors import StreamHubError
from streamhub.lifecycle import workers
from streamhub.lifecycle.claim import after
from streamhub.lifecycle.job_history import with_run
from streamhub.lifecycle.models import Job, WorkerProcess
from streamhub.lifecycle.outages import insist

log = logging.getLogger(__name__)

# So many long jobs run at once in the whole house. Each holds a slot of a worker for all its time; a worker
# has four, and somebody's *Stop* must not wait for hours until one is free.
MOST_LONG = 2
# The outcome of one that did not begin. What failed before it still counts as failed.
WAITS = f"waits: {MOST_LONG} other long jobs are running"
# The outcome of one that runs again because the worker of its last run died. It is asked for once: if that
# one's worker dies too, the job may be what kills them, and it waits for its turn.
AGAIN = "runs again: the worker of its last run died"


class LeaseLost(StreamHubError):
    """Another run holds the lease. This one stops, and what it did is recorded by nobody."""


class JobRun:
    """One run of a job.

    `say` sets its outcome, `fall_short` says what it could not do, `extend` and `keep` prolong its lease.
    """

    def __init__(self, name: str, token: str, seconds: int) -> None:
        self.name, self.token, self.seconds = name, token, seconds
        self.outcome = self.error = ""

    def say(self, outcome: str) -> None:
        self.outcome = outcome[:200]

    def fall_short(self, error: str) -> None:
        """The run goes on to its end, but counts as failed: it could not do or read something."""
        self.error = f"{self.error}; {error}" if self.error else error

    def extend(self) -> bool:
        """Prolong the lease. False: it was lost, and the job must stop."""
        held = Job.objects.filter(name=self.name, lease_token=self.token)
        return bool(held.update(leased_until=after(self.seconds)))

    def keep(self) -> None:
        """Prolong the lease, or raise `LeaseLost`, which ends the run without a word (`single`)."""
        if not self.extend():
            raise LeaseLost(f"Job {self.name}: another run has taken it over")


@contextmanager
def single(name: str, seconds: int = 120, beside: Collection[str] = ()) -> Iterator[JobRun | None]:
    """Yield a run that holds the lease, or None if another run holds it, or too many long jobs run.

    The lease ends `seconds` after the last `extend`, or when its worker is dead (`lifecycle.workers`).
    `beside`: of a long job the names of the others.
    """
    Job.objects.get_or_create(name=name)
    token = secrets.token_hex(8)
    if not _take(name, token, seconds, beside):
        yield None
        return
    run = JobRun(name, token, seconds)
    try:
        yield run
    except LeaseLost as lost:
        log.warning("%s", lost)
        return
    except Exception as error:
        _finish(run, error=f"{type(error).__name__}: {error}")
        raise
    _finish(run, error=run.error)


def _is_free() -> Q:
    """The condition that no run holds the job."""
    return Q(leased_until__isnull=True) | Q(leased_until__lt=Now()) | _of_a_dead_worker()


def _of_a_dead_worker() -> Q:
    """The condition that the run began before its worker fell silent, and will not end."""
    dead = WorkerProcess.objects.filter(workers.silent()).values("token")
    return Q(leased_by__in=dead, started_at__lt=from_now(-workers.SILENT_AFTER))


def _died() -> Q:
    """The condition that the last run did not end, because its worker died."""
    return Q(lease_token__isnull=False) & _of_a_dead_worker()


def _take(name: str, token: str, seconds: int, beside: Collection[str]) -> bool:
    """Take the lease. The rows of long jobs are locked together, so that no two count the same place."""
    with transaction.atomic():
        if beside:
            # All are locked before they are counted: what another has just taken is seen.
            list(Job.objects.select_for_update().filter(name__in={name, *beside}).order_by("name"))
            if not _room(beside):
                Job.objects.filter(_is_free(), name=name).update(outcome=WAITS)
                log.info("Job %s waits for a long job's end", name)
                return False
        Job.objects.filter(_died(), name=name).update(outcome=AGAIN)
        taken = Job.objects.filter(_is_free(), name=name).update(
            lease_token=token, leased_until=after(seconds), leased_by=workers.own_token(), started_at=Now()
        )
    if not taken:
        log.info("Job %s is already running", name)
    return bool(taken)


def _room(long_jobs: Collection[str]) -> bool:
    """Whether one more of the long jobs may run beside these. A dead worker's run takes no place."""
    return Job.objects.filter(name__in=long_jobs).exclude(_is_free()).count() < MOST_LONG


def not_begun(long_jobs: Collection[str]) -> set[str]:
    """The jobs that should run before their next turn, and can: long ones that found no place and would now,
    and those whose worker died, once. One query if there is none, else two at most."""
    waiting = Q(outcome=WAITS, name__in=long_jobs)
    found = set(Job.objects.filter(waiting | _died() & ~Q(outcome=AGAIN)).values_list("name", flat=True))
    return found if found.isdisjoint(long_jobs) or _room(long_jobs) else found.difference(long_jobs)


def _finish(run: JobRun, *, error: str) -> None:
    insist(lambda: _give_back(run, error), f"Job {run.name}")


def _give_back(run: JobRun, error: str) -> None:
    held = Job.objects.filter(name=run.name, lease_token=run.token)
    row = held.annotate(now=Now()).first()
    if row is None or row.started_at is None:  # another run has taken it over
        return
    held.update(
        history=with_run(row.history, row.started_at, row.now, run.outcome, error),
        lease_token=None,
        leased_until=None,
        leased_by="",
        finished_at=Now(),
        outcome=run.outcome,
        error=error,
        failing_since=Coalesce("failing_since", Now()) if error else None,
    )
