"""Periodic jobs: the list of them, and for each its task, lease and row."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from streamhub.contributions import contributed
from streamhub.errors import AwsError
from streamhub.lifecycle import wake
from streamhub.lifecycle.lease import JobRun, held, put_off, single
from streamhub.lifecycle.models import Job
from streamhub.task_names import TaskName

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

log = logging.getLogger(__name__)

# So many long jobs run at once in the whole house. Each holds a slot of a worker for all its time; a worker
# has four, and somebody's *Stop* must not wait for hours until one is free.
MOST_LONG = 2


@dataclass(frozen=True)
class PeriodicJob:
    """A job that beat sends periodically. Staff see `name`.

    `seconds()` and `queue`: the first values of its row in the schedule; staff's later edits win. `required`:
    StreamHub is not well while the job is off, late or failing; if not, that is shown but is no alarm.
    `purpose`: what it does, as a phrase after "StreamHub will".
    `lease_seconds`: how long after its last `extend` a dead run still blocks the next one.
    `long`: a run may take longer than ten minutes; at most `MOST_LONG` such jobs run at once.
    """

    name: str
    task: TaskName
    seconds: Callable[[], int]
    purpose: StrOrPromise
    queue: str = "bulk"
    lease_seconds: int = 120
    required: bool = True
    long: bool = False

    def single(self) -> AbstractContextManager[JobRun | None]:
        """The only run of the job, see `lease.single`."""
        return single(self.name, self.lease_seconds)

    def run(self, work: Callable[[JobRun], object]) -> None:
        """Do `work`, unless another run is in progress, or too many long ones. The job's task calls this.

        An `AwsError` is stored on the job's row and does not fail the task; the next run tries again.
        """
        if self.long and self._has_to_wait():
            return
        try:
            with self.single() as run:
                if run:
                    work(run)
        except AwsError as error:
            log.warning("Job %s ended early: %s", self.name, error)
        finally:
            if self.long:
                _wake_waiting()

    def _has_to_wait(self) -> bool:
        """Whether other long jobs have all the places there are. Then that is the run's outcome."""
        others = [job.name for job in _long_jobs() if job.name != self.name]
        if held(others) < MOST_LONG:
            return False
        log.info("Job %s waits for a long job's end", self.name)
        put_off(self.name, waits())
        return True

    def row(self) -> Job | None:
        """Its row, with the outcome of the last run; None if it never ran."""
        return Job.objects.filter(name=self.name).first()

    def lock(self) -> None:
        """Lock its row until the end of the transaction."""
        if not Job.objects.select_for_update().filter(name=self.name):
            Job.objects.get_or_create(name=self.name)
            Job.objects.select_for_update().get(name=self.name)


def waits() -> str:
    """The outcome of a long job that did not begin."""
    return _("waits: %(count)s other long jobs are running") % {"count": MOST_LONG}


def _long_jobs() -> list[PeriodicJob]:
    return [job for job in periodic_jobs() if job.long]


def _wake_waiting() -> None:
    """Ask for the long jobs that waited for this end: the next turn of one may be hours away."""
    waiting = set(Job.objects.filter(outcome=waits()).values_list("name", flat=True))
    for job in _long_jobs():
        if job.name in waiting:
            wake.send_safely(job.task, job.queue)


def periodic_jobs() -> list[PeriodicJob]:
    """The periodic jobs of all apps."""
    return list(contributed("periodic_jobs"))
