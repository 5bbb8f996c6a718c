"""The page of the periodic jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from streamhub.access.audit_entry import AuditEntry
from streamhub.clock import database_now
from streamhub.console.jobs_page import lines
from streamhub.console.templatetags.console import lasting
from streamhub.lifecycle.models import Heartbeat, Job
from streamhub.lifecycle.periodic import periodic_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduled() -> PeriodicTask:
    """`sweep` in the schedule, each minute."""
    minute = IntervalSchedule.objects.create(every=1, period="minutes")
    task = next(str(job.task) for job in periodic_jobs() if job.name == "sweep")
    return PeriodicTask.objects.create(name="sweep", task=task, interval=minute)


def line(name: str) -> Any:
    return next(found for found in lines(database_now()) if found.job.name == name)


def test_every_job_of_the_code_is_listed_with_what_it_is_for(superuser: Client) -> None:
    page = superuser.get(reverse("admin:lifecycle_job_changelist")).content.decode()
    for job in periodic_jobs():
        assert f'id="job-{job.name}"' in page
        assert f"StreamHub will {job.purpose}".split("&")[0].split("'")[0] in page
    assert "never ran" in page


def test_a_job_is_due_one_period_after_it_last_began(scheduled: PeriodicTask) -> None:
    now = database_now()
    began = now - timedelta(seconds=20)
    Job.objects.create(name="sweep", started_at=began, finished_at=began + timedelta(seconds=3))
    found = line("sweep")
    assert found.state.due_at == began + timedelta(minutes=1)
    assert found.took == timedelta(seconds=3)
    assert not found.overdue
    Job.objects.update(started_at=now - timedelta(hours=1), finished_at=now - timedelta(hours=1))
    assert line("sweep").overdue
    PeriodicTask.objects.update(enabled=False)
    assert line("sweep").state.due_at is None


def test_run_now_sends_the_job_and_is_audited(
    superuser: Client, scheduled: PeriodicTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Mock()
    monkeypatch.setattr(admin.site._registry[PeriodicTask], "run_tasks", sent)
    answer = superuser.post(reverse("admin:lifecycle_job_run", args=["sweep"]), follow=True)
    assert answer.status_code == 200
    assert [row.name for row in sent.call_args.args[1]] == ["sweep"]
    assert AuditEntry.objects.filter(object_name__startswith="sweep").exists()


def test_what_is_no_job_is_not_sent(superuser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Mock()
    monkeypatch.setattr(admin.site._registry[PeriodicTask], "run_tasks", sent)
    answer = superuser.post(reverse("admin:lifecycle_job_run", args=["nightly"]), follow=True)
    assert "no job nightly" in answer.content.decode()
    assert not sent.called


def test_the_refresh_sends_nothing_new_if_nothing_changed(superuser: Client) -> None:
    url = reverse("admin:lifecycle_job_live")
    seen = superuser.get(url)["X-StreamHub-Fragment"]
    assert superuser.get(url, headers={"If-None-Match": seen}).status_code == 304


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.04 s"), (59.6, "59.6 s"), (300, "5 min"), (5400, "1 h 30 min"), (86461, "1 d 1 min")],
    ids=["moment", "seconds", "minutes", "hours", "days"],
)
def test_a_length_of_time_is_told_in_two_units(seconds: float, text: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == text


def test_without_a_broker_nothing_is_sent_and_it_says_so(superuser: Client, scheduled: PeriodicTask) -> None:
    answer = superuser.post(reverse("admin:lifecycle_job_run", args=["sweep"]), follow=True)
    assert answer.status_code == 200
    assert "Nothing was sent: the broker is away" in answer.content.decode()


@pytest.fixture
def all_run() -> None:
    """Every job is in the schedule, and has just ended well."""
    often = IntervalSchedule.objects.create(every=1, period="hours")
    now = database_now()
    for job in periodic_jobs():
        PeriodicTask.objects.create(name=job.name, task=str(job.task), interval=often)
        Job.objects.create(name=job.name, started_at=now, finished_at=now)


@pytest.mark.parametrize("silent", ["beat", "worker"])
def test_the_page_is_not_all_well_while_a_process_is_silent(
    superuser: Client, all_run: None, silent: str
) -> None:
    """The jobs are not late yet when the process that runs or sends them has just died."""
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, beat_at=database_now())
    url = reverse("admin:lifecycle_job_changelist")
    assert "all well" in superuser.get(url).content.decode()
    Heartbeat.objects.filter(name=silent).update(beat_at=database_now() - timedelta(minutes=1))
    page = superuser.get(url).content.decode()
    assert "all well" not in page
    assert "1 needs attention" in page


def test_the_page_is_not_all_well_before_the_first_heartbeat(superuser: Client, all_run: None) -> None:
    page = superuser.get(reverse("admin:lifecycle_job_changelist")).content.decode()
    assert "all well" not in page
    assert "No heartbeat from worker or beat yet" in page


def test_beat_and_worker_stand_before_many_single_workers_and_the_silent_ones_first(
    superuser: Client, all_run: None
) -> None:
    now = database_now()
    for name in ("beat", "worker", *(f"celery@{n:02}" for n in range(40))):
        Heartbeat.objects.create(name=name, beat_at=now - timedelta(minutes=5 * (name == "celery@39")))
    page = superuser.get(reverse("admin:lifecycle_job_changelist")).content.decode()
    assert "1 needs attention" in page
    places = [
        page.index(name) for name in ("<b>Beat</b>", "<b>Worker</b>", "<b>celery@39</b>", "<b>celery@00</b>")
    ]
    assert places == sorted(places)
    assert "celery@38" not in page
