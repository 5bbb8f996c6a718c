from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.utils import timezone

from streamhub.access import idempotency
from streamhub.access.models import IdempotencyKey
from streamhub.access.services import idempotency_purge
from tests.access import dummy
from tests.access.dummy import GROUPS

pytestmark = pytest.mark.django_db


def test_a_replay_returns_the_first_answer_and_does_nothing(service):
    first = service.post({"name": "a"}, key="k")
    again = service.post({"name": "a"}, key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Group.objects.count() == 1


def test_a_delete_takes_a_key_too(service):
    group = Group.objects.create(name="a")
    path = f"{GROUPS}/{group.pk}"
    assert service.delete(path, key="k").status_code == 202
    assert service.delete(path, key="k").status_code == 202
    assert service.delete(path).status_code == 404


def test_without_a_key_every_request_takes_effect(service):
    service.post({"name": "a"})
    service.post({"name": "a"})
    assert Group.objects.count() == 2
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("again", ["another body", "another path", "another method"])
def test_a_key_used_for_another_request_is_422(service, again):
    group = Group.objects.create(name="a")
    path = f"{GROUPS}/{group.pk}"
    service.post({}, path, key="k")
    answer = {
        "another body": lambda: service.post({"name": "b"}, path, key="k"),
        "another path": lambda: service.post({}, f"{path}0", key="k"),
        "another method": lambda: service.delete(path, key="k"),
    }[again]()
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert Group.objects.count() == 1


def test_services_do_not_share_keys(service, service_called):
    service.post({"name": "a"}, key="k")
    assert service_called("other").post({"name": "a"}, key="k").status_code == 201
    assert Group.objects.count() == 2


def test_two_tokens_of_one_service_share_keys(service, service_called):
    service.post({"name": "a"}, key="k")
    service_called(service.token.service).post({"name": "a"}, key="k")
    assert Group.objects.count() == 1


def test_a_token_without_the_scope_does_not_get_the_stored_answer(service, service_called):
    service.post({"name": "a"}, key="k")
    reader = service_called(service.token.service, ["channels:read"])
    assert reader.post({"name": "a"}, key="k").status_code == 403


def test_a_key_has_no_effect_without_a_token(client):
    answer = client.post(GROUPS, {"name": "a"}, "application/json", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 401


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "tab\there"])
def test_an_invalid_key_is_422(service, key):
    answer = service.post({"name": "a"}, key=key)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_a_key_of_255_characters_is_accepted(service):
    assert service.post({"name": "a"}, key="x" * 255).status_code == 201


@pytest.mark.parametrize(("name", "status"), [("bad", 409), ("broken", 500)])
def test_an_answer_other_than_2xx_rolls_back_the_effect_and_releases_the_key(service, name, status):
    assert service.post({"name": name}, key="k").status_code == status
    assert not Group.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert service.post({"name": "good"}, key="k").status_code == 201


def test_invalid_input_releases_the_key(service):
    assert service.post({"nmae": "a"}, key="k").status_code == 422
    assert service.post({"name": "a"}, key="k").status_code == 201


def grow_older(span: timedelta) -> None:
    """Let the stored answers be older by `span`."""
    for row in IdempotencyKey.objects.all():
        IdempotencyKey.objects.filter(pk=row.pk).update(created_at=row.created_at - span)


def test_a_key_is_free_again_after_a_day(service):
    service.post({"name": "a"}, key="k")
    grow_older(timedelta(hours=23, minutes=59))
    service.post({"name": "a"}, key="k")
    assert Group.objects.count() == 1
    grow_older(timedelta(minutes=2))
    assert service.post({"name": "b"}, key="k").status_code == 201
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize("minutes", [-5, 5])
def test_the_clock_of_the_host_does_not_matter_to_a_key(service, minutes: int):
    service.post({"name": "a"}, key="k")
    grow_older(timedelta(hours=23, minutes=58))
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        assert service.post({"name": "a"}, key="k")["Idempotency-Replayed"] == "true"
        assert idempotency_purge() == 0


def test_the_purge_deletes_answers_older_than_a_day(service):
    service.post({"name": "a"}, key="old")
    grow_older(timedelta(hours=20))
    service.post({"name": "a"}, key="young")
    grow_older(timedelta(hours=5))
    assert idempotency_purge() == 1
    assert [row.key for row in IdempotencyKey.objects.all()] == ["young"]


# --- duplicates, with real threads and real transactions -------------------------------------

together = pytest.mark.django_db(transaction=True)


class Duplicates:
    """Requests in separate threads, each with its own database connection."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(max_workers=8)

    def send(self, service, body, key: str | None = "k") -> Future:
        return self.pool.submit(self._send, service, body, key)

    def _send(self, service, body, key):
        try:
            return service.post(body, key=key)
        finally:
            connection.close()


@pytest.fixture
def duplicates():
    sender = Duplicates()
    yield sender
    dummy.go.set()
    sender.pool.shutdown()


def hold(duplicates, service, body) -> Future:
    """Send a request that waits in the middle of its effect until `dummy.go` is set."""
    dummy.go.clear()
    first = duplicates.send(service, body)
    assert dummy.entered.wait(10)
    return first


@together
def test_a_duplicate_waits_for_the_first_request_and_gets_its_answer(service, duplicates):
    first = hold(duplicates, service, {"name": "a"})
    second = duplicates.send(service, {"name": "a"})
    with pytest.raises(TimeoutError):
        second.result(0.3)
    dummy.go.set()
    assert first.result(10).status_code == 201
    assert second.result(10).content == first.result().content
    assert second.result()["Idempotency-Replayed"] == "true"
    assert Group.objects.count() == 1


@together
def test_a_duplicate_that_waited_too_long_gets_409(service, duplicates, monkeypatch):
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.3)
    first = hold(duplicates, service, {"name": "a"})
    answer = duplicates.send(service, {"name": "a"}).result(10)
    assert answer.status_code == 409
    assert "has not finished" in answer.json()["detail"]
    dummy.go.set()
    assert first.result(10).status_code == 201


@together
def test_the_operation_and_the_connection_keep_their_usual_timeouts(service, monkeypatch):
    def timeouts():
        statement = "PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout"
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    inside = []
    monkeypatch.setattr(dummy.entered, "set", lambda: inside.append(timeouts()))
    usual = timeouts()
    service.post({"name": "a"}, key="k")
    assert inside == [usual]
    assert timeouts() == usual


@together
def test_a_duplicate_runs_if_the_first_request_fails(service, duplicates):
    first = hold(duplicates, service, {"name": "broken"})
    second = duplicates.send(service, {"name": "good"})
    dummy.go.set()
    assert first.result(10).status_code == 500
    assert second.result(10).status_code == 201
    assert Group.objects.get().name == "good 0"


@together
def test_eight_duplicates_at_once_take_effect_once(service, duplicates):
    start = threading.Barrier(8)

    def send():
        start.wait()
        try:
            return service.post({"name": "a"}, key="k")
        finally:
            connection.close()

    answers = [future.result(20) for future in [duplicates.pool.submit(send) for _ in range(8)]]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Group.objects.count() == 1


@together
def test_on_commit_callbacks_run_once_and_only_after_a_commit(service, monkeypatch):
    ran = []
    original = Group.objects.create

    def create(**values):
        transaction.on_commit(lambda: ran.append(values["name"]))
        return original(**values)

    monkeypatch.setattr(Group.objects, "create", create)
    service.post({"name": "bad"}, key="k")
    assert ran == []
    service.post({"name": "a"}, key="k")
    service.post({"name": "a"}, key="k")
    assert ran == ["a 0"]
