"""The seeds of a new database: groups, periodic jobs and the first administrator.

Everything here can run at every deployment, and in two places at once. Existing rows keep staff's changes,
except the groups, which the code defines.
"""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from streamhub.contributions import contributed
from streamhub.lifecycle.periodic import PeriodicJob, periodic_jobs
from streamhub.task_names import TaskName

ADMIN = "admin"

# Declared here because `streamhub.access` may not import the life cycle.
PERIODIC_JOBS = (
    PeriodicJob(
        "idempotency_purge",
        TaskName.IDEMPOTENCY_PURGE,
        lambda: 3600,
        purpose=_("delete the expired answers of idempotency keys, and expired sessions"),
        required=False,
    ),
)


@contextmanager
def exclusive() -> Iterator[None]:
    """A lock across processes: others wait until the first has finished."""
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
    """Create a row for each periodic job that has none, and return the names of the new rows."""
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
                # Long enough for a busy worker to reach it, short enough that messages do not pile up.
                expire_seconds=max(60, 2 * seconds),
                description="Seeded by `manage.py bootstrap`; edits are kept.",
            )
    except IntegrityError:  # another process was faster
        return False
    return True


def seed_apps() -> None:
    """Run what the apps contribute to every deployment."""
    for function in contributed("at_bootstrap"):
        function()


def weakness_for_admin(password: str) -> str:
    """What is wrong with the first administrator's password, in sentences; "" if nothing or not needed."""
    if not password or User.objects.filter(username=ADMIN).exists():
        return ""
    try:
        validate_password(password, User(username=ADMIN))
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def seed_admin(password: str) -> bool:
    """Create the first administrator if a password is given and the user does not exist yet."""
    if not password or User.objects.filter(username=ADMIN).exists():
        return False
    try:
        with transaction.atomic():
            User.objects.create_superuser(ADMIN, password=password)
    except IntegrityError:
        return False
    return True
