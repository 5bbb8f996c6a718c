"""The Celery task of recordings."""

from celery import shared_task

from recordings import jobs, listing, presence
from streamhub.lifecycle.lease import JobRun
from streamhub.task_names import TaskName


@shared_task(name=TaskName.LIST_RECORDINGS, soft_time_limit=300, time_limit=330)
def list_recordings() -> None:
    jobs.LIST_RECORDINGS.run(_list)


def _list(run: JobRun) -> None:
    listing.list_due(run)
    presence.look_again(run)
