"""Periodic jobs: the list of them, and for each its task, lease and row."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamhub.contributions import contributed
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun, single
from streamhub.lifecycle.models import Job
from streamhub.task_names import TaskName

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PeriodicJob:
    """A job that beat sends periodically. Staff see `name`.

    `seconds()` and `queue`: the first values of its row in the schedule; staff's later edits win. `required`:
    StreamHub is not well while the job is off, late or failing; if not, that is shown but is no alarm.
    `purpose`: what it does, as a phrase after "StreamHub will".
    `lease_seconds`: how long after its last `extend` a dead run still blocks the next one.
    """

    name: str
    task: TaskName
    seconds: Callable[[], int]
    purpose: StrOrPromise
    queue: str = "bulk"
    lease_seconds: int = 120
    required: bool = True

    def single(self) -> AbstractContextManager[JobRun | None]:
        """The only run of the job, see `lease.single`."""
        return single(self.name, self.lease_seconds)

    def run(self, work: Callable[[JobRun], object]) -> None:
        """Do `work`, unless another run is in progress. The job's task calls this.

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


def periodic_jobs() -> list[PeriodicJob]:
    """The periodic jobs of all apps."""
    return list(contributed("periodic_jobs"))
