"""Periodic jobs: which there are, and each as an object that knows its task, its lease and its row."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from streamhub.contributions import contributed
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun, single
from streamhub.lifecycle.models import Job
from streamhub.task_names import TaskName

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PeriodicJob:
    """A job that beat sends again and again. `name` is what staff know it by.

    `seconds()` and `queue` are what its row in the schedule is seeded with; staff's later edits win.
    `lease_seconds`: for so long past its last `extend` a run that died keeps others from running.
    """

    name: str
    task: TaskName
    seconds: Callable[[], int]
    queue: str = "bulk"
    lease_seconds: int = 120

    def single(self) -> AbstractContextManager[JobRun | None]:
        """Run as the only one (see `lease.single`)."""
        return single(self.name, self.lease_seconds)

    def run(self, work: Callable[[JobRun], object]) -> None:
        """Do `work` as the only one: what the job's task consists of.

        A bad day of AWS is no failure of the task: it stands on the job, and the next run does the work.
        """
        try:
            with self.single() as its:
                if its:
                    work(its)
        except AwsError as error:
            log.warning("Job %s ended early: %s", self.name, error)

    def row(self) -> Job | None:
        """How its last run went, or None if it never ran."""
        return Job.objects.filter(name=self.name).first()

    def lock(self) -> None:
        """Lock its row until the end of the transaction."""
        Job.objects.get_or_create(name=self.name)
        Job.objects.select_for_update().get(name=self.name)


def periodic_jobs() -> list[PeriodicJob]:
    """Those of all apps."""
    return list(contributed("periodic_jobs"))
