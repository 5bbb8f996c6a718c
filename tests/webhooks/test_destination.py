"""Where webhooks may go, and that a name which changes its meaning gains nothing."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from streamhub.webhooks import request
from streamhub.webhooks.destination import NotAllowed, destination
from streamhub.webhooks.request import NotAnswered, post
from tests.scenarios.webhook_receiver import Receiver

PUBLIC = "93.184.216.34"
PRIVATE = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "fe80::1",
    "fd00:ec2::254",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
]


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The resolver gives these answers, one after another. Returns what it is asked."""
    asked: list[str] = []
    left = list(answers)

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_in_a_private_network_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolving(monkeypatch, [address])
    with pytest.raises(NotAllowed, match="private or reserved"):
        destination("https://hooks.example.com/")


def test_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [PUBLIC, "10.0.0.1"])
    with pytest.raises(NotAllowed):
        destination("https://hooks.example.com/")


def test_a_public_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [PUBLIC])
    found = destination("https://hooks.example.com/a?b=c")
    assert (found.addresses, found.path, found.authority) == ((PUBLIC,), "/a?b=c", "hooks.example.com")


@pytest.mark.parametrize(
    ("listed", "host", "address", "ok"),
    [
        ("billing.internal", "billing.internal", "10.0.0.1", True),
        ("billing.internal", "evil.internal", "10.0.0.1", False),
        ("*.internal", "billing.internal", "10.0.0.1", True),
        ("*.internal", "internal", "10.0.0.1", False),
        ("10.0.0.0/24", "any.example.com", "10.0.0.9", True),
        ("10.0.0.0/24", "any.example.com", "10.0.1.9", False),
        ("billing.internal", "billing.internal", "169.254.169.254", False),
        ("169.254.0.0/16", "any.example.com", "169.254.169.254", False),
        ("169.254.0.0/16", "any.example.com", "::ffff:169.254.169.254", False),
    ],
)
def test_what_is_listed_may_be_inside_of_the_house_but_never_the_metadata(
    monkeypatch: pytest.MonkeyPatch, settings: Any, listed: str, host: str, address: str, ok: bool
) -> None:
    settings.WEBHOOK_INTERNAL_HOSTS = [listed]
    resolving(monkeypatch, [address])
    if ok:
        assert destination(f"https://{host}/").addresses == (address,)
        return
    with pytest.raises(NotAllowed):
        destination(f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/", "begins with https"),
        ("ftp://hooks.example.com/", "begins with https"),
        ("https://user:secret@hooks.example.com/", "no user"),
        ("https:///path", "no host"),
        ("https://hooks.example.com:99999/", "no URL"),
        ("https://hooks.example.com/a b", "without spaces"),
        ("https://hooks.example.com/" + "a" * 500, "500"),
    ],
)
def test_urls_that_are_refused_in_live_mode(
    monkeypatch: pytest.MonkeyPatch, settings: Any, url: str, why: str
) -> None:
    settings.STREAMHUB_AWS, settings.DEBUG = "live", False
    resolving(monkeypatch, [PUBLIC])
    with pytest.raises(NotAllowed, match=why):
        destination(url)


def test_a_name_that_is_bound_to_another_address_after_it_was_saved_is_not_connected(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, settings: Any
) -> None:
    """The check at the connection is what counts: it says public when saved, and loopback when sent."""
    settings.WEBHOOK_INTERNAL_HOSTS = []
    port = receiver.url.split(":")[2].split("/")[0]
    url = f"http://hooks.example.com:{port}/"
    resolving(monkeypatch, [PUBLIC], ["127.0.0.1"])
    destination(url)
    with pytest.raises(NotAnswered, match="private or reserved"):
        post(url, {}, b"{}")
    assert receiver.requests == []


def test_the_connection_goes_to_the_address_that_was_checked_and_asks_nobody_again(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, settings: Any
) -> None:
    """A resolver that answers differently the second time is asked once."""
    settings.WEBHOOK_INTERNAL_HOSTS = ["hooks.example.com"]
    port = receiver.url.split(":")[2].split("/")[0]
    asked = resolving(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    connected: list[Any] = []
    create = socket.create_connection

    def watched(address: Any, *args: Any) -> Any:
        connected.append(address[0])
        monkeypatch.undo()
        return create(address, *args)

    monkeypatch.setattr(socket, "create_connection", watched)
    assert post(f"http://hooks.example.com:{port}/x", {}, b"{}").status == 200
    assert (asked, connected) == (["hooks.example.com"], ["127.0.0.1"])
    ((path, headers, _),) = receiver.requests
    assert (path, headers["host"]) == ("/x", f"hooks.example.com:{port}")


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": "http://169.254.169.254/latest/meta-data/"}
    assert post(receiver.url, {}, b"{}").status == 302
    assert len(receiver.requests) == 1


def test_an_answer_is_read_up_to_a_limit(receiver: Receiver) -> None:
    receiver.answer = b"x" * 10_000_000
    assert len(post(receiver.url, {}, b"{}").text) == request.ANSWER_BYTES


def test_a_receiver_that_sends_a_byte_now_and_then_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    import threading
    import time

    settings.WEBHOOK_INTERNAL_HOSTS = ["127.0.0.1"]
    monkeypatch.setattr(request, "TOTAL_SECONDS", 0.3)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        peer, _ = listener.accept()
        with peer:
            for _ in range(100):
                try:
                    peer.sendall(b"H")
                except OSError:
                    return
                time.sleep(0.02)

    thread = threading.Thread(target=drip)
    thread.start()
    started = time.monotonic()
    with pytest.raises(NotAnswered):
        post(f"http://127.0.0.1:{listener.getsockname()[1]}/", {}, b"{}")
    assert time.monotonic() - started < 1.5
    thread.join()
    listener.close()


def test_nobody_there_is_a_sentence(settings: Any) -> None:
    settings.WEBHOOK_INTERNAL_HOSTS = ["127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotAnswered, match="refused"):
        post(f"http://127.0.0.1:{port}/", {}, b"{}")
