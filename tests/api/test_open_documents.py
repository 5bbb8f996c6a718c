"""The description and its page: cheap for us, and limited for each address."""

from __future__ import annotations

import pytest
from django.test import Client

from streamhub.access import limits
from streamhub.access.openapi import Description
from streamhub.token_bucket import Rate

URLS = ("/api/v1/openapi.json", "/api/v1/docs")


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
def test_one_address_is_limited_and_others_are_not(
    client: Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "documents", limits.Limit(Rate(per_second=0.01, burst=3), "test"))
    answers = [client.get(url) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1]["Content-Type"] == "application/problem+json"
    assert int(answers[-1]["Retry-After"]) >= 90
    assert client.get(url, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_a_whole_network_of_ipv6_is_limited_as_one_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "documents", limits.Limit(Rate(per_second=0.01, burst=1), "test"))
    asked = ("2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:3::1")
    assert [client.get(URLS[0], REMOTE_ADDR=each).status_code for each in asked] == [200, 429, 200]


@pytest.mark.parametrize("url", URLS)
def test_changing_methods_are_problems(client: Client, url: str) -> None:
    assert client.post(url).status_code == 405
