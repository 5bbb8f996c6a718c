"""Whose request it is: only a trusted proxy may say."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from streamhub.access.client_address import ClientAddressMiddleware, client_address, counted_as

TRUSTED = ["127.0.0.1", "::1", "10.0.0.0/8"]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1, 10.1.1.1", "198.51.100.1"),
        ("127.0.0.1", "10.1.1.2, 10.1.1.1", "10.1.1.2"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "1.2.3.4, nonsense", "127.0.0.1"),
        ("127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_last_address_that_is_no_proxy_is_the_clients(
    peer: str, forwarded_for: str, expected: str
) -> None:
    assert client_address(peer, forwarded_for, TRUSTED) == expected


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2::7", "2001:db8:1:2::"),
        ("2001:0DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
        ("2001:db8:1:3::7", "2001:db8:1:3::"),
        ("fe80::7%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_limits_count_a_network_of_ipv6_as_one_client(address: str, counted: str) -> None:
    assert counted_as(RequestFactory().get("/", REMOTE_ADDR=address)) == counted


@pytest.mark.parametrize(("peer", "secure"), [("127.0.0.1", True), ("203.0.113.9", False)])
def test_only_a_trusted_proxy_says_that_tls_ended_there(settings: Any, peer: str, secure: bool) -> None:
    settings.TRUSTED_PROXIES = TRUSTED
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.1"}
    ClientAddressMiddleware(answer)(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))
    assert seen[0].is_secure() is secure
    assert seen[0].META["REMOTE_ADDR"] == ("198.51.100.1" if secure else peer)
    assert "X-Forwarded-For" not in seen[0].headers
