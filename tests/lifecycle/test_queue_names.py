"""The queues are named in one place, which settings, jobs and deployments follow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from streamhub.lifecycle.periodic import periodic_jobs
from streamhub.task_names import QueueName

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENTS = ("deploy/systemd/streamhub-urgent.service", "docker-compose.yml")


def test_workers_serve_these_queues_in_this_order() -> None:
    assert [queue.name for queue in settings.CELERY_TASK_QUEUES] == list(QueueName)
    assert settings.CELERY_TASK_DEFAULT_QUEUE == QueueName.BULK


def test_each_job_takes_its_queue_from_there() -> None:
    assert [job.name for job in periodic_jobs() if not isinstance(job.queue, QueueName)] == []


@pytest.mark.parametrize("path", DEPLOYMENTS)
def test_workers_that_serve_some_queues_alone_name_existing_ones(path: str) -> None:
    served = re.findall(r"--queues[, ]+([a-z,]+)", (ROOT / path).read_text())
    assert served != []
    assert {name for each in served for name in each.strip(",").split(",")} <= set(QueueName)
