"""Periodic jobs: the list of them, and for each its task, lease and row."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from streamhub.contributions import contributed
from streamhub.errors import AwsError
from streamhub.lifecycle import wake
from streamhub.lifecycle.lease import JobRun, not_begun, single
from streamhub.lifecycle.models import Job
from streamhub.task_names import QueueName, TaskName

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

log = logging.getLogger(__name__)

# How long a message of `wake_waiting` is worth something: until the next sweep.
ASKED_FOR = timedelta(seconds=5)


@dataclass(frozen=True)
class PeriodicJob:
    """A job that beat sends periodically. Staff see `name`.

    `seconds()` and `queue`: the first values of its row in the schedule; staff's later edits win. `required`:
    StreamHub is not well while the job is off, late or failing; if not, that is shown but is no alarm.
    `purpose`: what it does, as a phrase after "StreamHub will".
    `lease_seconds`: how long after its last `extend` a dead run still blocks the next one.
    `long`: a run may take longer than ten minutes; at most `lease.MOST_LONG` such jobs run at once.
    """

    name: str
    task: TaskName
    seconds: Callable[[], int]
    purpose: StrOrPromise
    queue: QueueName = QueueName.BULK
    lease_seconds: int = 120
    required: bool = True
    long: bool = False

    def single(self) -> AbstractContextManager[JobRun | None]:
        """The only run of the job, see `lease.single`."""
        others = [job.name for job in _long_jobs() if job.name != self.name] if self.long else []
        return single(self.name, self.lease_seconds, others)

    def run(self, work: Callable[[JobRun], object]) -> None:
        """Do `work`, unless another run is in progress, or too many long ones. The job's task calls this.

        An `AwsError` is stored on the job's row and does not fail the task; the next run tries again.
        """
        try:
            with self.single() as run:
                if run:
                    work(run)
        except AwsError as error:
            log.warning("Job %s ended early: %s", self.name, error)

    def row(self) -> Job | None:
        """Its row, with the outcome of the last run; None if it never ran."""
        return Job.objects.filter(name=self.name).first()

    def lock(self) -> None:
        """Lock its row until the end of the transaction."""
        if not Job.objects.select_for_update().filter(name=self.name):
            Job.objects.get_or_create(name=self.name)
            Job.objects.select_for_update().get(name=self.name)


def _long_jobs() -> list[PeriodicJob]:
    return [job for job in periodic_jobs() if job.long]


def wake_waiting() -> None:
    """Ask for the jobs that should run before their next turn, which may be hours away (`lease.not_begun`).

    The sweep calls it, so a place is found however its run ended, and a lost message is sent again. A message
    that waits longer for a worker is void: else as many runs would follow one another as sweeps have passed.
    """
    found = not_begun([job.name for job in _long_jobs()])
    for job in periodic_jobs():
        if job.name in found:
            wake.send_safely(job.task, job.queue, ASKED_FOR)


def periodic_jobs() -> list[PeriodicJob]:
    """The periodic jobs of all apps."""
    return list(contributed("periodic_jobs"))
