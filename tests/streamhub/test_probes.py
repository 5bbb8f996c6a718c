"""Health probes are answered for any host name, and refuse what they do not know as the API does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def production(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["streamhub.example.com"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
@pytest.mark.usefixtures("production")
def test_probes_by_address_over_plain_http_are_answered(path: str) -> None:
    answer = Client().get(path, headers={"host": "10.0.3.17:8000"})
    assert answer.status_code in (200, 503)
    assert answer["Content-Type"] == "application/json"


@pytest.mark.usefixtures("production")
def test_everything_else_still_needs_a_known_host() -> None:
    assert Client().get("/admin/", headers={"host": "10.0.3.17:8000"}).status_code == 400


def problem_of(answer: HttpResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.content)
    assert found["status"] == status
    return found


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/api/v1/livez", "/api/v1/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "TRACE"])
def test_a_probe_is_only_read(path: str, method: str) -> None:
    """Without the form's cookie, which Django asks of a page."""
    answer = Client(enforce_csrf_checks=True).generic(method, path)
    assert method in problem_of(answer, 405)["detail"]
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize("path", ["/readyz", "/api/v1/readyz"])
def test_an_unknown_scope_is_a_problem_that_names_the_field(path: str) -> None:
    problem = problem_of(Client().get(path, {"scope": "everything"}), 422)
    assert [error["field"] for error in problem["errors"]] == ["scope"]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/api/v1/openapi.json"])
def test_a_monitor_may_ask_for_the_head_alone(path: str) -> None:
    answer = Client().head(path)
    assert answer.status_code in (200, 503)
    assert answer.content == b""
