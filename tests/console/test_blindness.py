"""What StreamHub cannot see or do is said on every page, with its true cause, since when and what to do."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from streamhub.lifecycle import broker
from streamhub.lifecycle.models import Heartbeat, Job, Listing
from tests.scenarios import rows
from tests.scenarios.well import all_well

WORKER = "No worker is alive: nothing is started, stopped or looked at."
BEAT = "Beat is silent: no periodic job is sent"
BROKER = "The broker does not answer: no step reaches a worker."
REAPER = "The job delete_stale_distributions is"
LATE = "has not finished for longer than three of its periods"

PAGES = (
    "/admin/",
    "/admin/health/",
    "/admin/channels_app/channel/",
    "/admin/channels_app/channel/add/",
    "/admin/alerts/alarm/",
    "/admin/drift/",
    "/admin/auth/user/",
    "/admin/django_celery_beat/periodictask/",
)


@pytest.fixture(autouse=True)
def _well(db: None) -> None:
    all_well()


def silent(name: str, minutes: int = 4) -> None:
    Heartbeat.objects.filter(name=name).update(beat_at=timezone.now() - timedelta(minutes=minutes))


def banner(client: Client) -> str:
    response = client.get(reverse("admin:banner"))
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return html.unescape(response.content.decode())


def test_nothing_is_said_while_all_is_well(superuser: Client) -> None:
    assert "sh-blind" not in banner(superuser)
    assert "all well" in page(superuser, reverse("admin:health"))


@pytest.mark.parametrize("url", PAGES)
def test_every_page_says_that_no_worker_is_alive_and_what_to_do(superuser: Client, url: str) -> None:
    silent("worker")
    said = page(superuser, url)
    assert WORKER in said
    assert "Start or restart the workers" in said


def test_the_page_of_an_object_says_it_too(superuser: Client) -> None:
    silent("worker")
    row = rows.channel("running")
    assert WORKER in page(superuser, reverse("admin:channels_app_channel_change", args=[row.pk]))


def test_a_dead_worker_is_not_blamed_on_beat_nor_on_each_job(superuser: Client) -> None:
    silent("worker")
    Job.objects.update(finished_at=timezone.now() - timedelta(days=40))
    said = banner(superuser)
    assert WORKER in said
    assert BEAT not in said
    assert LATE not in said


def test_a_silent_beat_is_named_while_the_worker_is_well(superuser: Client) -> None:
    silent("beat")
    said = banner(superuser)
    assert BEAT in said
    assert WORKER not in said


def test_a_broker_that_is_down_is_named_instead_of_the_worker(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent("worker")
    monkeypatch.setattr(broker, "state", lambda: broker.State.DOWN)
    said = banner(superuser)
    assert BROKER in said
    assert "Start Redis, or check CELERY_BROKER_URL." in said
    assert WORKER not in said


def test_a_broker_that_refuses_messages_is_not_well(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "state", lambda: broker.State.REFUSES)
    said = banner(superuser)
    assert "The broker answers, but refuses messages" in said
    assert "maxmemory" in said


def test_processes_that_never_reported_are_named(superuser: Client) -> None:
    Heartbeat.objects.all().delete()
    said = banner(superuser)
    assert WORKER in said
    assert BEAT in said


def test_a_job_that_was_switched_off_is_not_well(superuser: Client) -> None:
    PeriodicTask.objects.filter(name="delete_stale_distributions").update(enabled=False)
    assert f"{REAPER} switched off in the schedule." in banner(superuser)
    said = page(superuser, reverse("admin:index"))
    assert "all well" not in said
    assert "No alarms" not in said


def test_a_job_whose_interval_was_deleted_is_not_well(superuser: Client) -> None:
    seconds = PeriodicTask.objects.get(name="delete_stale_distributions").interval.every
    IntervalSchedule.objects.get(every=seconds).delete()
    assert not PeriodicTask.objects.filter(name="delete_stale_distributions").exists()
    said = page(superuser, reverse("admin:health"))
    assert f"{REAPER} not in the schedule" in said
    assert "Run manage.py bootstrap" in said


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"finished_at": timedelta(hours=1)}, LATE),
        ({"error": "AccessDenied: no", "failing_since": timedelta(minutes=3)}, "does not do all of its work"),
    ],
    ids=["late", "failing"],
)
def test_a_required_job_that_is_late_or_fails_is_not_well(
    superuser: Client, fields: dict[str, Any], sentence: str
) -> None:
    now = timezone.now()
    values = {name: now - value if isinstance(value, timedelta) else value for name, value in fields.items()}
    Job.objects.filter(name="sweep").update(**values)
    assert f"The job sweep {sentence}" in banner(superuser)


def test_a_job_that_is_not_required_is_no_alarm(superuser: Client) -> None:
    PeriodicTask.objects.filter(name="ledger_rollup").update(enabled=False)
    assert "ledger_rollup" not in banner(superuser)
    assert "switched off" in page(superuser, reverse("admin:health"))


def test_a_service_that_cannot_be_read_is_named_with_the_answer_and_the_remedy(superuser: Client) -> None:
    since = timezone.now() - timedelta(minutes=2)
    Listing.objects.create(
        key="ml_channel",
        unread_since=since,
        unread_error="ThrottlingException: Rate exceeded",
        unread_hint="Wait.",
    )
    said = banner(superuser)
    assert "MediaLive could not be read: what the pages show of it may be out of date." in said
    assert "AWS answered: ThrottlingException: Rate exceeded" in said
    assert "Wait." in said
    assert "MediaPackage" not in said


def test_a_single_refused_call_is_no_alarm_yet(superuser: Client) -> None:
    Listing.objects.create(key="ml_channel", unread_since=timezone.now(), unread_error="x")
    assert "MediaLive" not in banner(superuser)


def test_other_alarms_are_counted_on_every_page_but_the_dashboard_which_lists_them(superuser: Client) -> None:
    rows.channel("starting", name="Grand hall", **rows.ERROR, error_at=timezone.now())
    assert "sh-banner-others" in page(superuser, "/admin/auth/user/")
    dashboard = page(superuser, "/admin/")
    assert "sh-banner-others" not in dashboard
    assert "1 alarm" in dashboard
    silent("worker")
    refreshed = superuser.get(reverse("admin:banner"), {"on": "dashboard"}).content.decode()
    assert "sh-banner-others" not in refreshed


def test_the_banner_refreshes_itself_and_is_sent_only_when_it_changed(superuser: Client) -> None:
    version = superuser.get(reverse("admin:banner"))["X-StreamHub-Fragment"]
    assert superuser.get(reverse("admin:banner"), headers={"If-None-Match": version}).status_code == 304
    silent("beat")
    assert superuser.get(reverse("admin:banner"), headers={"If-None-Match": version}).status_code == 200
    assert reverse("admin:banner") in page(superuser, "/admin/channels_app/channel/add/")


def test_people_without_a_role_and_the_login_page_see_no_banner(as_role: Any, client: Client) -> None:
    silent("worker")
    assert WORKER not in page(as_role("nobody"), "/admin/")
    assert WORKER not in page(client, "/admin/login/")
    assert as_role("stranger").get(reverse("admin:health")).status_code == 403


def test_a_page_says_when_aws_was_read_apart_from_when_it_was_refreshed(superuser: Client) -> None:
    row = rows.channel("running", observed_at=timezone.now() - timedelta(minutes=7))
    breakout = rows.breakout("running", row)
    for url in (
        reverse("admin:channels_app_channel_change", args=[row.pk]),
        reverse("admin:channels_app_breakout_change", args=[breakout.pk]),
    ):
        said = page(superuser, url)
        assert "page refreshed just now" in said
        assert "AWS last read" in said
