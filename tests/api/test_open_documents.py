"""The description and its page: cheap for us, and limited for each address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from streamhub.access import limits
from streamhub.access.openapi import Description

URLS = ("/api/v1/openapi.json", "/api/v1/docs")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    limits.documents.clear()
    yield
    limits.documents.clear()


def test_the_description_is_built_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get(URLS[0])
    monkeypatch.setattr(Description, "__init__", None)
    assert client.get(URLS[0]).content == first.content
    assert first.json()["openapi"].startswith("3.")


@pytest.mark.parametrize(("known", "status"), [("{}", 304), ("W/{}", 304), ('"x", {}', 304), ('"x"', 200)])
def test_who_has_it_gets_a_304(client: Client, known: str, status: int) -> None:
    etag = client.get(URLS[0])["ETag"]
    answer = client.get(URLS[0], headers={"If-None-Match": known.format(etag)})
    assert (answer.status_code, answer["ETag"]) == (status, etag)
    assert bool(answer.content) is (status == 200)


@pytest.mark.parametrize("url", URLS)
def test_one_address_is_limited_and_others_are_not(client: Client, url: str) -> None:
    answers = [client.get(url).status_code for _ in range(int(limits.DOCUMENTS.burst) + 20)]
    assert 429 in answers
    refused = client.get(url)
    if refused.status_code == 429:
        assert refused["Content-Type"] == "application/problem+json"
        assert int(refused["Retry-After"]) >= 1
    assert client.get(url, REMOTE_ADDR="203.0.113.9").status_code == 200


@pytest.mark.parametrize("url", URLS)
def test_changing_methods_are_problems(client: Client, url: str) -> None:
    assert client.post(url).status_code == 405
