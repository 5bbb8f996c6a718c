"""Every answer has the headers of a browser's protection, whoever makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from streamhub import charset, web_worker
from streamhub.access import limits

pytestmark = pytest.mark.django_db
STATIC = "/static/console/console.css"
HEADERS = {
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "Referrer-Policy",
}


def locked(client: Client) -> HttpResponse:
    for _ in range(5):
        answer = client.post("/admin/login/", {"username": "anna", "password": "wrong"})
    return answer  # type: ignore[return-value]


def too_many(client: Client) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits.documents, "take", lambda key: 1.0)
        return client.get("/api/v1/openapi.json")


def without_database(client: Client) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    client.raise_request_exception = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamhub.access.auth.token_authenticate", fail)
        return client.get("/api/v1/channels", headers={"Authorization": "Bearer x"})


def ask(path: str, **headers: str) -> Callable[[Client], Any]:
    return lambda client: client.get(path, headers=headers)


def posted(path: str, **options: Any) -> Callable[[Client], Any]:
    return lambda client: client.post(path, **options)


ANSWERS: dict[str, tuple[int, Callable[[Client], Any]]] = {
    "page": (200, ask("/admin/login/")),
    "redirect": (302, ask("/admin/")),
    "probe": (200, ask("/livez")),
    "probe, POST": (405, posted("/livez")),
    "static file": (200, ask(STATIC)),
    "no static file": (404, ask("/static/nothing.css")),
    "unknown host": (400, ask("/admin/login/", host="elsewhere.example")),
    "unknown host, API": (400, ask("/api/v1/channels", host="elsewhere.example")),
    "no token": (401, ask("/api/v1/channels")),
    "nothing there": (404, ask("/nothing")),
    "chunks": (411, posted("/admin/login/", headers={"Transfer-Encoding": "chunked"})),
    "NUL": (400, ask("/admin/%00")),
    "too large": (413, posted("/admin/login/", data={"username": "x" * 3_000_000})),
    "locked": (429, locked),
    "too many": (429, too_many),
    "no database": (503, without_database),
}


def assert_protected(answer: Any) -> None:
    assert [name for name in sorted(HEADERS) if not answer.get(name)] == []
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("status", "given"), [pytest.param(*ANSWERS[name], id=name) for name in ANSWERS])
def test_the_answer_is_protected(client: Client, status: int, given: Callable[[Client], Any]) -> None:
    answer = given(client)
    assert answer.status_code == status
    assert_protected(answer)


@pytest.mark.parametrize("token", [{}, {"Authorization": "Bearer secret"}], ids=["redirected", "refused"])
def test_answers_to_plain_http_are_protected(client: Client, settings: Any, token: dict[str, str]) -> None:
    settings.TLS_ONLY = settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/api/v1/channels", headers=token)
    assert answer.status_code == (403 if token else 301)
    assert_protected(answer)


@pytest.mark.parametrize("path", ["/livez", STATIC, "/admin/login/", "/api/v1/channels"])
def test_over_tls_every_answer_keeps_the_browser_there(client: Client, settings: Any, path: str) -> None:
    settings.SECURE_HSTS_SECONDS = 3600
    assert client.get(path, secure=True)["Strict-Transport-Security"] == "max-age=3600"


def test_what_django_never_sees_is_protected() -> None:
    raw = web_worker.answer(web_worker.HTTPStatus.BAD_REQUEST, "No.").decode()
    head = dict(line.split(": ", 1) for line in raw.partition("\r\n\r\n")[0].splitlines()[1:])
    assert_protected(head)
    sent: dict[str, str] = {}
    refuse = charset.utf8_only(lambda _environ, _start: [])
    refuse({"CONTENT_TYPE": "a; charset=hex"}, lambda _status, headers: sent.update(headers))
    assert_protected(sent)
