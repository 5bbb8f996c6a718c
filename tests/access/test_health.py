from __future__ import annotations

from datetime import timedelta

import fakeredis
import pytest
from django.db import InternalError, OperationalError
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from psycopg.errors import ReadOnlySqlTransaction
from redis.exceptions import ReadOnlyError

from streamhub import health
from streamhub.errors import EmbeddedNotRunning
from streamhub.lifecycle.models import ClockOffset, Heartbeat, Job
from tests.scenarios.well import all_well

pytestmark = pytest.mark.django_db

PLACES = pytest.mark.parametrize("at", ["", "/api/v1"])


@pytest.fixture(autouse=True)
def real_site(dummy_site, settings):
    settings.ROOT_URLCONF = "streamhub.urls"


@pytest.fixture(autouse=True)
def broker(monkeypatch):
    monkeypatch.setattr(health, "broker_url", lambda: "memory://")


@pytest.fixture
def alive():
    all_well()


WELL = dict.fromkeys(("database", "broker", "worker", "beat", "clocks", "aws", "jobs"), True)


def checks(answer) -> dict[str, bool]:
    return {check["name"]: check["ok"] for check in answer.json()["checks"]}


@PLACES
def test_livez_answers_without_a_token(client, at, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get(f"{at}/livez")
    assert (answer.status_code, answer.json()) == (200, {"live": True})


@PLACES
def test_readyz_is_200_when_all_checks_are_ok(client, at, alive):
    answer = client.get(f"{at}/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert checks(answer) == WELL


@PLACES
def test_readyz_is_503_when_a_heartbeat_is_old_or_missing(client, at, alive):
    Heartbeat.objects.filter(name="beat").delete()
    Heartbeat.objects.filter(name="worker").update(beat_at=timezone.now() - timedelta(seconds=61))
    answer = client.get(f"{at}/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert checks(answer) == {**WELL, "worker": False, "beat": False}


@PLACES
def test_readyz_says_what_is_wrong(client, at):
    Heartbeat.objects.create(name="worker", beat_at=timezone.now())
    beat, jobs = client.get(f"{at}/readyz").json()["wrong"]
    assert beat.startswith("beat: Beat is silent: no periodic job is sent")
    assert jobs.startswith("jobs: The job ")


@PLACES
def test_readyz_names_no_host_whose_clock_is_off_and_the_health_page_does(client, admin_client, at, alive):
    off = {"role": "web", "offset_ms": 9000, "error_ms": 1, "beyond_since": timezone.now()}
    ClockOffset.objects.create(host="ip-10-0-7-12.internal", **off)
    answer = client.get(f"{at}/readyz")
    assert "ip-10-0-7-12" not in answer.content.decode()
    (clocks,) = answer.json()["wrong"]
    assert clocks.startswith("clocks: The clock of a host (web) is 9.0 s ahead of the database's. Since ")
    assert "ip-10-0-7-12.internal" in admin_client.get(reverse("admin:health")).content.decode()


@PLACES
def test_traffic_follows_the_database_only(client, at, monkeypatch):
    monkeypatch.setattr(health, "broker_url", lambda: "redis://127.0.0.1:1/0")
    answer = client.get(f"{at}/readyz?scope=web")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "wrong": [],
        "checks": [{"name": "database", "ok": True, "detail": "It can be written."}],
    }


@PLACES
@pytest.mark.parametrize("scope", ["", "?scope=web"])
def test_readyz_is_503_while_the_database_can_only_be_read(client, at, scope, alive, monkeypatch):
    def refuse(*args, **kwargs):
        error = InternalError("cannot execute UPDATE in a read-only transaction")
        raise error from ReadOnlySqlTransaction(str(error))

    monkeypatch.setattr("django.db.models.query.QuerySet.update", refuse)
    answer = client.get(f"{at}/readyz{scope}")
    assert answer.status_code == 503
    assert answer.json()["wrong"] == ["database: It can only be read. A failover may be in progress."]


@PLACES
def test_an_unknown_scope_is_422(client, at):
    assert client.get(f"{at}/readyz?scope=everything").status_code == 422


def test_readyz_is_503_while_redis_can_only_be_read(client, alive, monkeypatch):
    class Replica(fakeredis.FakeRedis):
        def set(self, *args, **kwargs):
            raise ReadOnlyError("You can't write against a read only replica.")

    monkeypatch.setattr(health, "broker_url", lambda: "redis://redis:6379/0")
    monkeypatch.setattr("streamhub.redis_servers.client", lambda *args, **kwargs: Replica())
    assert client.get("/readyz").json()["wrong"] == [
        "broker: It can only be read. A failover may be in progress."
    ]


def test_readyz_is_503_without_a_broker_and_hides_its_address(client, alive, monkeypatch):
    monkeypatch.setattr(health, "broker_url", lambda: "redis://:secret@127.0.0.1:1/0")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert checks(answer)["broker"] is False
    assert "127.0.0.1" not in answer.content.decode()
    assert "secret" not in answer.content.decode()


def test_readyz_explains_that_the_embedded_broker_is_not_running(client, alive, monkeypatch):
    def not_running():
        raise EmbeddedNotRunning("Start it.")

    monkeypatch.setattr(health, "broker_url", not_running)
    assert "Start it." in client.get("/readyz").content.decode()


def test_readyz_is_503_without_a_database(client, alive, monkeypatch):
    def away():
        raise OperationalError("at 10.0.0.1")

    monkeypatch.setitem(health.CHECKS, "database", away)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "10.0.0.1" not in answer.content.decode()


def test_readyz_says_which_required_job_is_off_since_when_and_no_more(client, alive):
    PeriodicTask.objects.filter(name="delete_stale_distributions").update(enabled=False)
    Job.objects.filter(name="sweep").update(
        error="AccessDenied: arn:aws:iam::1:user/x", failing_since=timezone.now()
    )
    answer = client.get("/readyz")
    said = {check["name"]: check["detail"] for check in answer.json()["checks"]}["jobs"]
    assert answer.status_code == 503
    assert "The job delete_stale_distributions is switched off in the schedule. Since 20" in said
    assert "The job sweep does not do all of its work. Since 20" in said
    assert "arn:aws" not in answer.content.decode()


def test_readyz_does_not_mind_a_job_that_is_not_required(client, alive):
    PeriodicTask.objects.filter(name="idempotency_purge").delete()
    assert client.get("/readyz").status_code == 200


def test_the_root_redirects_to_the_admin(client):
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/"
