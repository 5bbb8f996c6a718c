"""Health probes are answered for any host name."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client


@pytest.fixture
def production(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["streamhub.example.com"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
@pytest.mark.django_db
@pytest.mark.usefixtures("production")
def test_probes_by_address_over_plain_http_are_answered(path: str) -> None:
    answer = Client().get(path, headers={"host": "10.0.3.17:8000"})
    assert answer.status_code in (200, 503)
    assert answer["Content-Type"] == "application/json"


@pytest.mark.usefixtures("production")
def test_everything_else_still_needs_a_known_host() -> None:
    assert Client().get("/admin/", headers={"host": "10.0.3.17:8000"}).status_code == 400
