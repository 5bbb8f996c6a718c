"""StreamHub's own jobs: switched off with a question, kept in their bounds, never deleted or redirected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory
from django.urls import reverse
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask

from streamhub.access.models import AuditEntry
from streamhub.lifecycle.periodic import periodic_jobs
from streamhub.seeds import seed_periodics
from tests.scenarios.staff import As

pytestmark = pytest.mark.django_db

LIST = "admin:django_celery_beat_periodictask_changelist"


@pytest.fixture(autouse=True)
def seeded(db: None) -> None:
    seed_periodics()


@pytest.fixture
def engineer(as_role: As) -> Client:
    return as_role("engineer")


def job(name: str = "sweep") -> PeriodicTask:
    return PeriodicTask.objects.get(name=name)


def page(row: Any, verb: str = "change") -> str:
    return reverse(f"admin:django_celery_beat_{row._meta.model_name}_{verb}", args=[row.pk])


def act(client: Client, action: str, *rows: PeriodicTask, **more: str) -> Any:
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(reverse(LIST), data, follow=True)


def own_row(name: str = "another sweep") -> PeriodicTask:
    return PeriodicTask.objects.create(name=name, task="lifecycle.sweep", interval=job().interval)


def form(row: PeriodicTask, **changes: Any) -> dict[str, Any]:
    return {"description": row.description, "interval": row.interval_id, **changes}


def interval(every: int, period: str) -> IntervalSchedule:
    return IntervalSchedule.objects.create(every=every, period=period)


# --- switching off ---------------------------------------------------------------------------


def test_switching_off_asks_and_says_what_stops(engineer: Client) -> None:
    asked = act(engineer, "switch_off", job("delete_stale_distributions"), job("idempotency_purge"))
    text = asked.content.decode()
    assert "StreamHub will not delete stale distributions from AWS and from the database." in text
    assert text.count("It is an alarm until it is on again.") == 1
    assert job("delete_stale_distributions").enabled
    assert not AuditEntry.objects.filter(object_kind="periodic task").exists()


def test_a_confirmed_switch_is_made_and_logged(engineer: Client) -> None:
    said = act(engineer, "switch_off", job(), job("drift"), confirmed="yes").content.decode()
    assert "Switched off: drift, sweep." in said or "Switched off: sweep, drift." in said
    assert not job().enabled
    assert not job("drift").enabled
    assert job("observe").enabled
    entries = AuditEntry.objects.filter(detail="Switched off.")
    assert {entry.object_name.partition(":")[0] for entry in entries} == {"sweep", "drift"}
    assert [(entry.before, entry.after) for entry in entries] == [({"enabled": True}, {"enabled": False})] * 2
    act(engineer, "switch_on", job())
    assert job().enabled
    assert AuditEntry.objects.filter(detail="Switched on.").count() == 1


def test_what_is_off_already_is_not_asked_about(engineer: Client) -> None:
    PeriodicTask.objects.filter(name="sweep").update(enabled=False)
    assert "They are all off already." in act(engineer, "switch_off", job()).content.decode()


def test_the_form_does_not_switch(engineer: Client) -> None:
    engineer.post(page(job()), form(job(), enabled=""))
    assert job().enabled
    PeriodicTask.objects.filter(name="sweep").update(enabled=False)
    engineer.post(page(job()), form(job(), enabled="on"))
    assert not job().enabled


# --- who may ---------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["switch_on", "switch_off", "run_now", "disable_tasks", "toggle_tasks"])
def test_who_may_only_view_can_do_nothing(
    client: Client, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = User.objects.create_user("curious", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    before = list(PeriodicTask.objects.order_by("pk").values())
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: pytest.fail("sent"))
    act(client, action, *PeriodicTask.objects.all(), confirmed="yes")
    assert list(PeriodicTask.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=str), ids=lambda model: model.__name__)
def test_no_list_offers_an_action_to_who_may_only_view(model: Any) -> None:
    user = User.objects.create_user("curious", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    request = RequestFactory().get("/")
    request.user = user
    assert list(admin.site._registry[model].get_actions(request)) == []


# --- what stays ------------------------------------------------------------------------------


def test_a_job_of_streamhub_is_never_deleted(engineer: Client, superuser: Client) -> None:
    for client in (engineer, superuser):
        assert client.post(page(job(), "delete"), {"post": "yes"}).status_code == 403
        said = act(client, "delete_selected", job(), own_row(f"own {client}"), post="yes").content.decode()
        assert PeriodicTask.objects.filter(name="sweep").exists()
        assert "switch it off instead" in said
    mine = own_row("mine")
    assert engineer.post(page(mine, "delete"), {"post": "yes"}).status_code == 302
    assert not PeriodicTask.objects.filter(name="mine").exists()


@pytest.mark.parametrize("job_name", [job.name for job in periodic_jobs()])
def test_a_job_keeps_its_name_task_and_queue(engineer: Client, job_name: str) -> None:
    row = job(job_name)
    changes = {"name": "mine", "task": "celery.ping", "regtask": "celery.ping", "queue": "x", "args": "[1]"}
    assert engineer.post(page(row), form(row, **changes)).status_code == 302
    after = job(job_name)
    assert (after.task, after.queue, after.args) == (row.task, row.queue, row.args)


def test_an_interval_that_a_row_has_is_not_deleted(superuser: Client) -> None:
    used, free = job().interval, interval(77, "seconds")
    assert superuser.post(page(used, "delete"), {"post": "yes"}).status_code == 403
    url = reverse("admin:django_celery_beat_intervalschedule_changelist")
    data = {"action": "delete_selected", "_selected_action": [used.pk, free.pk], "post": "yes"}
    assert "is the period of sweep" in superuser.post(url, data, follow=True).content.decode()
    assert {used, free} <= set(IntervalSchedule.objects.all())
    assert superuser.post(page(free, "delete"), {"post": "yes"}).status_code == 302
    assert not IntervalSchedule.objects.filter(pk=free.pk).exists()


# --- bounds ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "period", "sentence"),
    [
        (1, "microseconds", "at least one second"),
        (999_999, "microseconds", "at least one second"),
        (25, "hours", "needs sweep at least every day"),
        (2, "days", "needs sweep at least every day"),
        (1, "seconds", ""),
        (24, "hours", ""),
    ],
)
def test_the_period_of_a_job_has_bounds(engineer: Client, every: int, period: str, sentence: str) -> None:
    before, chosen = job().interval, interval(every, period)
    answer = engineer.post(page(job()), form(job(), interval=chosen.pk))
    assert job().interval == (before if sentence else chosen)
    assert sentence in answer.content.decode()
    shared = engineer.post(page(before), {"every": every, "period": period})
    # Another job has the same period, and is named first.
    wanted = sentence.replace("sweep", "send_webhooks") or "Location"
    assert wanted in (shared.content.decode() if sentence else str(shared.headers))


def test_a_job_needs_an_interval(engineer: Client) -> None:
    crontab = CrontabSchedule.objects.create(minute="0", hour="3")
    answer = engineer.post(page(job()), form(job(), interval="", crontab=crontab.pk))
    assert "sweep needs an interval" in answer.content.decode()


def test_a_rarer_job_keeps_its_own_bound(engineer: Client) -> None:
    rare = job("ledger_rollup")
    assert engineer.post(page(rare), form(rare)).status_code == 302
    chosen = interval(31, "days")
    said = engineer.post(page(rare), form(rare, interval=chosen.pk)).content.decode()
    assert "at least every 30 days" in said


def test_a_row_of_staff_sends_only_tasks_of_streamhub(engineer: Client) -> None:
    url = reverse("admin:django_celery_beat_periodictask_add")
    data = {"name": "mine", "interval": job().interval_id, "args": "[]", "kwargs": "{}", "headers": "{}"}
    said = engineer.post(url, {**data, "task": "os.system"}).content.decode()
    assert "StreamHub has no periodic task os.system." in said
    assert engineer.post(url, {**data, "task": "lifecycle.sweep"}).status_code == 302
    assert job("mine").task == "lifecycle.sweep"


@pytest.mark.parametrize("url", ["add", "change"])
def test_a_taken_name_is_refused_at_its_field(engineer: Client, url: str) -> None:
    mine = own_row("mine")
    where = page(mine) if url == "change" else reverse("admin:django_celery_beat_periodictask_add")
    data = form(mine, name="sweep", task="lifecycle.sweep", args="[]", kwargs="{}", headers="{}")
    answer = engineer.post(where, data)
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["name"]


def test_run_now_sends_the_task_and_is_logged(engineer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda task, **kwargs: sent.append(task.name))
    act(engineer, "run_now", job())
    assert sent == ["lifecycle.sweep"]
    assert AuditEntry.objects.get(object_kind="periodic task").detail == "Run now."


def test_a_point_in_time_is_given_in_utc_as_everywhere(superuser: Client) -> None:
    url = reverse("admin:django_celery_beat_clockedschedule_add")
    page = superuser.get(url).content.decode()
    assert "Runs at (UTC)" in page
    assert "data-sh-utc-input" in page
    superuser.post(url, {"clocked_time": "2031-05-06T07:08"})
    assert ClockedSchedule.objects.get().clocked_time == datetime(2031, 5, 6, 7, 8, tzinfo=UTC)
