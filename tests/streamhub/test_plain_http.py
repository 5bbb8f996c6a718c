"""Where only TLS is served, a token that came without is refused; without a token one is sent to https."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

URL = "/api/v1/channels?state=idle"


@pytest.fixture(autouse=True)
def tls_only(settings: Any) -> None:
    settings.TLS_ONLY = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def test_a_token_over_plain_http_is_refused_with_a_sentence(client: Client) -> None:
    answer = client.get(URL, headers={"Authorization": "Bearer secret"})
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert "replace the token" in answer.json()["detail"]


def test_without_a_token_one_is_sent_to_https(client: Client) -> None:
    assert client.get(URL)["Location"] == f"https://testserver{URL}"


@pytest.mark.django_db
def test_over_https_the_token_is_looked_at(client: Client) -> None:
    headers = {"Authorization": "Bearer secret", "X-Forwarded-Proto": "https"}
    assert client.get(URL, headers=headers).status_code == 401


def test_a_house_without_tls_takes_the_token(client: Client, db: None, settings: Any) -> None:
    settings.TLS_ONLY = settings.SECURE_SSL_REDIRECT = False
    assert client.get(URL, headers={"Authorization": "Bearer secret"}).status_code == 401
