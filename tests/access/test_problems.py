from __future__ import annotations

import logging

import psycopg
import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, UnreadablePostError
from django.test import Client

from tests.access.dummy import GROUPS

pytestmark = pytest.mark.django_db


def problem_of(answer):
    """The problem in an answer, after a check of its form."""
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert all(isinstance(problem[member], str) for member in ("type", "title", "detail"))
    return problem


def fields(answer):
    assert answer.status_code == 422
    return [error["field"] for error in problem_of(answer)["errors"]]


def raised(service, what):
    return service.get(f"{GROUPS}/raise/{what}")


def test_not_possible_is_409_with_the_state_and_what_is_possible(service):
    answer = raised(service, "not-possible")
    assert answer.status_code == 409
    problem = problem_of(answer)
    assert problem["title"] == "Conflict"
    assert problem["state"] == "running"
    assert problem["possible"] == ["stop"]
    assert problem["detail"] == "The breakout runs. The state is running. Possible: stop."


def test_invalid_is_422_and_names_the_fields(service):
    answer = raised(service, "invalid")
    assert fields(answer) == ["name", "tags"]
    assert problem_of(answer)["errors"][0] == {"field": "name", "detail": "Taken."}


@pytest.mark.parametrize("what", ["forbidden", "permission"])
def test_forbidden_is_403(service, what):
    answer = raised(service, what)
    assert answer.status_code == 403
    assert problem_of(answer)["detail"]


def test_an_unexpected_error_is_500_with_a_request_id_and_hides_the_exception(service, caplog):
    with caplog.at_level(logging.ERROR):
        answer = raised(service, "unexpected")
    assert answer.status_code == 500
    problem = problem_of(answer)
    assert "secret" not in answer.content.decode()
    record = next(r for r in caplog.records if r.name == "streamhub.access.problems")
    assert problem["request_id"] in record.getMessage()
    assert "a secret" in str(record.exc_info)


def test_a_body_that_does_not_come_to_its_end_is_400_and_no_error_of_ours(service, monkeypatch, caplog):
    def stops(request):
        raise UnreadablePostError("The client sent too little for too long.")

    monkeypatch.setattr(HttpRequest, "body", property(stops))
    with caplog.at_level(logging.ERROR, "streamhub"):
        answer = service.post({"name": "x"})
    assert answer.status_code == 400
    assert problem_of(answer)["detail"] == "The request's body did not come to its end."
    assert not caplog.records


def raised_from(cause: Exception, kind: type[Exception] = OperationalError) -> Exception:
    error = kind(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        raised_from(psycopg.OperationalError("connection refused")),
        raised_from(psycopg.errors.AdminShutdown("terminating connection")),
        raised_from(psycopg.errors.TooManyConnections("sorry, too many clients already")),
        raised_from(psycopg.errors.ReadOnlySqlTransaction("cannot execute UPDATE"), InternalError),
        raised_from(psycopg.errors.SerializationFailure("conflict with recovery")),
        raised_from(psycopg.InterfaceError("the connection is closed"), InterfaceError),
    ],
    ids=lambda error: type(error.__cause__).__name__,
)
def test_without_a_database_the_api_is_503_with_retry_after(service, monkeypatch, error):
    def fail(*args):
        raise error

    monkeypatch.setattr("streamhub.access.auth.Bearer.authenticate", fail)
    answer = service.get(GROUPS)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "Idempotency-Key" in problem_of(answer)["detail"]


def reader() -> Exception:
    return raised_from(psycopg.errors.ReadOnlySqlTransaction("cannot execute UPDATE"), InternalError)


def fail_in_admin(monkeypatch, fail) -> Client:
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.save", fail)
    return Client(raise_request_exception=False)


def log_in(client):
    return client.post("/admin/login/", {"username": "somebody", "password": "secret", "next": "/livez"})


@pytest.fixture
def somebody(settings):
    settings.ROOT_URLCONF = "streamhub.urls"
    return User.objects.create_superuser("somebody", password="secret")


@pytest.mark.usefixtures("somebody")
def test_without_a_database_the_admin_is_503_with_a_page(monkeypatch):
    def fail(*args, **kwargs):
        raise reader()

    answer = log_in(fail_in_admin(monkeypatch, fail))
    assert answer.status_code == 503
    assert answer["Content-Type"].startswith("text/html")
    assert answer["Retry-After"] == "2"
    assert "no database" in answer.content.decode()


@pytest.mark.usefixtures("somebody")
def test_a_session_that_a_reader_refused_to_save_is_503_not_400(monkeypatch):
    """Django takes it for a session that was deleted."""

    def interrupted(*args, **kwargs):
        try:
            try:
                raise reader()
            except InternalError:
                raise UpdateError from None
        except UpdateError:
            raise SessionInterrupted("deleted")  # noqa: B904  as Django does

    assert log_in(fail_in_admin(monkeypatch, interrupted)).status_code == 503


@pytest.mark.usefixtures("somebody")
def test_other_errors_of_the_admin_stay_500(monkeypatch):
    def fail(*args, **kwargs):
        raise raised_from(psycopg.errors.UndefinedTable("made up"))

    assert log_in(fail_in_admin(monkeypatch, fail)).status_code == 500


@pytest.mark.parametrize("kind", [psycopg.errors.DeadlockDetected, psycopg.errors.UndefinedTable])
def test_other_database_errors_are_500(service, monkeypatch, kind):
    def fail(*args):
        raise raised_from(kind("made up"))

    monkeypatch.setattr("streamhub.access.auth.Bearer.authenticate", fail)
    assert service.get(GROUPS).status_code == 500


@pytest.mark.parametrize("group_id", ["0", "77", "-1", "x", "1.0", "²", "%00", "9" * 19, "9" * 400, "1 "])
def test_any_unknown_id_is_404(service, group_id):
    answer = service.get(f"{GROUPS}/{group_id}")
    assert answer.status_code == 404
    assert problem_of(answer)["detail"].startswith("There is no group")


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/x",
        "/api/v1/nothing",
        "/api/v1/groups/",
        "/api/v1/a%0Ab",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("debug", [False, True])
def test_an_unknown_path_is_404(path, method, debug, settings):
    settings.DEBUG = debug
    answer = Client(enforce_csrf_checks=True).generic(method, path)
    assert answer.status_code == 404
    problem_of(answer)


def test_an_unsupported_method_is_405_with_allow(client):
    answer = client.put(GROUPS)
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, POST"
    assert "PUT" in problem_of(answer)["detail"]


@pytest.mark.parametrize("path", ["openapi.json", "docs"])
def test_the_description_is_read_only(client, path):
    answer = client.post(f"/api/v1/{path}")
    assert answer.status_code == 405
    problem_of(answer)


def test_an_unknown_host_is_400(client):
    answer = client.get("/api/v1/openapi.json", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    problem_of(answer)


def test_pages_outside_the_api_keep_their_html_errors(client):
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["name"]),
        ({"name": 5}, ["name"]),
        ({"name": "a", "size": "5"}, ["size"]),
        ({"name": "a", "size": True}, ["size"]),
        ({"size": "x"}, ["name", "size"]),
        ({"name": "a", "nmae": "a"}, ["nmae"]),
        ({"name": "a\0"}, ["name"]),
        ({"name": "a", "starts_at": "tomorrow"}, ["starts_at"]),
        ({"name": "a", "starts_at": "2026-11-22T18:30:00"}, ["starts_at"]),
        ({"name": "a", "starts_at": "2026-11-22"}, ["starts_at"]),
        ({"name": "a", "starts_at": 1700000000}, ["starts_at"]),
        ([], ["body"]),
        ("text", ["body"]),
        ("", ["body"]),
    ],
)
def test_invalid_input_names_its_fields(service, body, named):
    assert sorted(fields(service.post(body))) == named


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff\xfe", b"{'name': 1}", b'{"size": NaN}', b'{"name": "\\ud800"}', b"[" * 100_000]
)
def test_broken_json_is_422_not_400(service, raw):
    assert fields(service.post(raw)) in (["body"], ["name"])


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("raw", [b"{", b"at=now", b"\xff\xfe", b'{"a": 1, "a": 2}', b'{"a": "\\u0000"}'])
def test_a_broken_body_is_422_where_none_is_read(service, raw, key):
    group = Group.objects.create(name="a")
    assert fields(service.post(raw, f"{GROUPS}/{group.pk}", key)) in (["body"], ["a"])
    assert fields(service.delete(f"{GROUPS}/{group.pk}", key, raw)) in (["body"], ["a"])
    assert Group.objects.filter(pk=group.pk).exists()


@pytest.mark.parametrize("raw", [b"", b"{}", b"null", b'{"more": 1}'])
def test_an_empty_body_and_valid_json_are_fine_where_none_is_read(service, raw):
    group = Group.objects.create(name="a")
    assert service.post(raw, f"{GROUPS}/{group.pk}").status_code == 202
    assert service.delete(f"{GROUPS}/{group.pk}", body=raw).status_code == 202


def test_an_empty_form_in_parts_is_fine_where_no_body_is_read(service, client):
    group = Group.objects.create(name="a")
    headers = {"Authorization": f"Bearer {service.plain}"}
    assert client.post(f"{GROUPS}/{group.pk}", {}, headers=headers).status_code == 202


def test_a_broken_body_is_judged_after_the_token(service, client):
    assert client.post(f"{GROUPS}/1", b"{", content_type="application/json").status_code == 401


def test_a_filter_with_nul_is_422(service):
    assert fields(service.get(name="a\0")) == ["name"]


def test_a_body_that_is_too_large_is_413(service, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    answer = service.post({"name": "much too long"})
    assert answer.status_code == 413
    problem_of(answer)
