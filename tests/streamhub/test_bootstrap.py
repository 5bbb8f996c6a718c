"""`manage.py bootstrap` can run at every deployment and keeps staff's changes."""

from __future__ import annotations

from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask

pytestmark = pytest.mark.django_db(transaction=True)


def bootstrap() -> None:
    call_command("bootstrap", verbosity=0)


def rows() -> list[tuple[Any, ...]]:
    return list(PeriodicTask.objects.order_by("name").values_list("name", "task", "queue", "interval__every"))


def test_it_seeds_groups_and_jobs_once(settings: Any) -> None:
    bootstrap()
    seeded = rows()
    bootstrap()
    assert rows() == seeded
    assert {group.name for group in Group.objects.all()} == {"viewer", "operator", "engineer"}
    assert ("sweep", "lifecycle.sweep", "urgent", settings.SWEEP_SECONDS) in seeded
    reaper = ("delete_stale_distributions", "distributions.delete_stale_distributions", "bulk")
    assert (*reaper, settings.REAPER_SECONDS) in seeded


def test_every_job_has_an_existing_task_and_a_served_queue(settings: Any) -> None:
    bootstrap()
    current_app.loader.import_default_modules()
    queues = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    for row in PeriodicTask.objects.all():
        assert row.task in current_app.tasks
        assert row.queue in queues
        assert row.expire_seconds >= 60


def test_edits_of_staff_are_kept() -> None:
    bootstrap()
    slower, _ = IntervalSchedule.objects.get_or_create(every=42, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(name="sweep").update(interval=slower, enabled=False)
    bootstrap()
    sweep = PeriodicTask.objects.get(name="sweep")
    assert (sweep.interval, sweep.enabled) == (slower, False)


def test_the_first_admin_is_created_once_and_keeps_the_password(settings: Any) -> None:
    bootstrap()
    assert not User.objects.exists()
    settings.ADMIN_PASSWORD = "first"
    bootstrap()
    settings.ADMIN_PASSWORD = "second"
    bootstrap()
    assert User.objects.get(username="admin", is_superuser=True).check_password("first")


def test_live_mode_takes_no_weak_password(settings: Any) -> None:
    settings.STREAMHUB_AWS = "live"
    settings.ADMIN_PASSWORD = "admin"
    with pytest.raises(CommandError, match=r"ADMIN_PASSWORD is too weak: .*at least 12 characters"):
        bootstrap()
    assert not User.objects.exists()
    settings.ADMIN_PASSWORD = "correct horse battery"
    bootstrap()
    settings.ADMIN_PASSWORD = "admin"  # not read any more
    bootstrap()
    assert User.objects.count() == 1
