"""What a fresh database needs before anybody can work: groups, periodic jobs, the first administrator.

Everything here may run at every deploy, and in two places at once. What staff changed stays changed:
rows that exist are left alone, apart from the groups, which belong to the code.
"""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from streamhub.contributions import contributed
from streamhub.lifecycle.periodic import PeriodicJob, periodic_jobs
from streamhub.task_names import TaskName

ADMIN = "admin"

# `streamhub.access` stands below the life cycle and knows no periodic jobs.
PERIODIC_JOBS = (PeriodicJob("idempotency_purge", TaskName.IDEMPOTENCY_PURGE, lambda: 3600),)


@contextmanager
def alone() -> Iterator[None]:
    """Only one at a time: the others wait until the first is through."""
    if connection.vendor == "postgresql":
        number = zlib.crc32(b"streamhub bootstrap")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [number])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
        return
    with (settings.VAR_DIR / "bootstrap.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def seed_periodics() -> list[str]:
    """A row for each periodic job that has none; the names of the new ones."""
    return [job.name for job in periodic_jobs() if _seed_periodic(job)]


def _seed_periodic(job: PeriodicJob) -> bool:
    if PeriodicTask.objects.filter(name=job.name).exists():
        return False
    seconds = job.seconds()
    schedule = IntervalSchedule.objects.filter(every=seconds, period=IntervalSchedule.SECONDS).first()
    try:
        with transaction.atomic():
            PeriodicTask.objects.create(
                name=job.name,
                task=job.task,
                interval=schedule
                or IntervalSchedule.objects.create(every=seconds, period=IntervalSchedule.SECONDS),
                queue=job.queue,
                # Long enough for a busy worker to come round to it, short enough not to pile up.
                expire_seconds=max(60, 2 * seconds),
                description="Seeded by `manage.py bootstrap`; edits are kept.",
            )
    except IntegrityError:  # somebody else was quicker
        return False
    return True


def seed_apps() -> None:
    """What the apps want done at every deploy."""
    for step in contributed("at_bootstrap"):
        step()


def seed_admin(password: str) -> bool:
    """The first administrator, if a password is given and there is no such user. Whether it was created."""
    if not password or User.objects.filter(username=ADMIN).exists():
        return False
    try:
        with transaction.atomic():
            User.objects.create_superuser(ADMIN, password=password)
    except IntegrityError:
        return False
    return True
