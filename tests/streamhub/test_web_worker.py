"""What passes what in a web process with four threads: gunicorn itself, over sockets."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from devstack.ports import HOST, free_port
from streamhub.web_worker import changes_through_the_api

STORM = 30
# Less than a thread waits for a client here (`storm_app`), more than an answer takes on a busy machine.
LONG_SECONDS = 4.0
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def port() -> Iterator[int]:
    """A web process with StreamHub's worker and `storm_app`."""
    number = free_port()
    command = (
        sys.executable,
        "-m",
        "gunicorn",
        "tests.streamhub.storm_app:app",
        "--bind",
        f"{HOST}:{number}",
    )
    size = ("--workers", "1", "--threads", "4", "--no-control-socket", "--log-level", "warning")
    with subprocess.Popen((*command, *size), env=os.environ) as process:
        try:
            _wait_until_it_listens(number)
            yield number
        finally:
            process.terminate()


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("gunicorn does not listen.")


def ask(port: int, method: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/admin/live/"), ("GET", "/api/v1/x"), ("POST", "/admin/x")]
)
def test_a_page_a_list_and_a_persons_verb_pass_a_storm_of_changes(port: int, method: str, path: str) -> None:
    """No change of the storm ends before the page is shown: were they before it, none would ever."""
    with ThreadPoolExecutor(STORM) as clients:
        storm: list[Future[tuple[int, str]]] = [
            clients.submit(ask, port, "POST", f"/api/v1/breakouts/{n}/start") for n in range(STORM)
        ]
        time.sleep(1)
        assert not any(change.done() for change in storm)
        assert ask(port, method, path) == (200, "page")
        assert [change.result() for change in storm] == [(200, "change")] * STORM


def test_connections_that_say_nothing_hold_no_thread(port: int) -> None:
    with ExitStack() as silent:
        for _ in range(STORM):
            silent.enter_context(socket.create_connection((HOST, port)))
        time.sleep(0.5)
        began = time.monotonic()
        assert ask(port, "GET", "/admin/") == (200, "page")
        assert time.monotonic() - began < LONG_SECONDS


HEAD = "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n"


@pytest.mark.parametrize(
    "half",
    [
        HEAD.format(path="/admin/login/", length=10, more="").encode() + b"abc",
        b"POST /admin/login/ HTTP/1.1\r\nHost",
        HEAD.format(path="/api/v1/channels", length=10, more="").encode() + b"{",
        HEAD.format(path="/admin/login/", length=1_000_000, more="").encode() + b"x" * 50_000,
        HEAD.format(path="/admin/login/", length=10, more="Expect: 100-continue\r\n").encode(),
    ],
    ids=["body", "headers", "change", "large", "asks first"],
)
def test_clients_that_stop_in_the_middle_of_a_request_hold_up_nobody(port: int, half: bytes) -> None:
    """More of them than there are threads, and each sends a little all the time."""
    with ExitStack() as stopped:
        clients = [stopped.enter_context(socket.create_connection((HOST, port))) for _ in range(12)]
        for client in clients:
            client.sendall(half)
        for _ in range(3):
            time.sleep(0.1)
            for client in clients:
                client.sendall(b"y")
        began = time.monotonic()
        assert ask(port, "POST", "/admin/x") == (200, "page")
        assert ask(port, "POST", "/api/v1/x") == (200, "change")
        assert time.monotonic() - began < LONG_SECONDS


def test_a_client_that_stops_in_the_middle_of_a_request_is_left(port: int) -> None:
    with socket.create_connection((HOST, port), timeout=60) as client:
        client.sendall(b"POST /admin/login/ HTTP/1.1\r\nHost")
        answer = b""
        while got := client.recv(1000):
            answer += got
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_large_requests_that_get_no_turn_are_told_so(port: int) -> None:
    head = HEAD.format(path="/admin/x", length=1_000_000, more="").encode() + b"x" * 50_000
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection((HOST, port), timeout=60)) for _ in range(6)]
        for client in clients:
            client.sendall(head)
        assert clients[-1].recv(1000).startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize(
    "pieces",
    [
        (b"GET /admin/ HT", b"TP/1.1\r\nHost: x\r\n", b"\r\n"),
        (HEAD.format(path="/admin/x", length=4, more="").encode(), b"ab", b"cd"),
        (HEAD.format(path="/admin/x", length=60_000, more="").encode(), b"x" * 30_000, b"x" * 30_000),
        (HEAD.format(path="/admin/x", length=2, more="Expect: 100-continue\r\n").encode(), b"ab"),
    ],
    ids=["headers", "body", "large", "asks first"],
)
def test_a_request_that_comes_in_pieces_is_answered(port: int, pieces: tuple[bytes, ...]) -> None:
    with socket.create_connection((HOST, port), timeout=60) as client:
        for piece in pieces:
            client.sendall(piece)
            time.sleep(0.3)
        answer = b""
        while b"page" not in answer:
            got = client.recv(1000)
            assert got
            answer += got


def test_two_requests_at_once_are_both_answered(port: int) -> None:
    request = HEAD.format(path="/admin/x", length=3, more="").encode() + b"abc"
    with socket.create_connection((HOST, port), timeout=60) as client:
        client.sendall(request + request[:-1])
        time.sleep(0.3)
        client.sendall(request[-1:])
        answers = b""
        while answers.count(b"page") < 2:
            got = client.recv(1000)
            assert got
            answers += got


def test_clients_that_do_not_end_an_answered_connection_hold_up_nobody(port: int) -> None:
    with ExitStack() as answered:
        for _ in range(STORM):
            client = answered.enter_context(socket.create_connection((HOST, port), timeout=60))
            client.sendall(b"GET /admin/ HTTP/1.0\r\n\r\n")
        began = time.monotonic()
        assert ask(port, "GET", "/admin/") == (200, "page")
        assert time.monotonic() - began < LONG_SECONDS


def test_the_rest_of_a_body_that_nobody_reads_holds_no_thread(port: int) -> None:
    """As many clients as there are threads; each sends a little all the time, and has its answer."""
    head = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    with ExitStack() as clients:
        senders = [clients.enter_context(socket.create_connection((HOST, port))) for _ in range(4)]
        for client in senders:
            client.sendall(head)
        for _ in range(5):
            time.sleep(0.1)
            for client in senders:
                client.sendall(b"x")
        began = time.monotonic()
        assert ask(port, "GET", "/admin/") == (200, "page")
        assert time.monotonic() - began < LONG_SECONDS
        assert all(client.recv(100).startswith(b"HTTP/1.1 200") for client in senders)


def test_a_client_that_sends_its_whole_body_first_reads_the_answer(port: int) -> None:
    piece = b"x" * 1_000_000
    with socket.create_connection((HOST, port), timeout=60) as client:
        client.sendall(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n")
        for _ in range(20):
            client.sendall(piece)
        answer = b""
        while got := client.recv(1000):
            answer += got
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"page")


def test_a_small_body_that_nobody_reads_does_not_end_the_connection(port: int) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    own = set()
    for _ in range(2):
        connection.request("POST", "/unread", body=b"x" * 1000)
        assert connection.getresponse().read() == b"page"
        own.add(connection.sock.getsockname())
    assert len(own) == 1
    connection.close()


def test_a_connection_that_is_used_again_may_bring_a_change_after_a_page(port: int) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    for method, path, body in (("GET", "/", "page"), ("PUT", "/api/v1/x", "change"), ("GET", "/", "page")):
        connection.request(method, path)
        assert connection.getresponse().read().decode() == body
    connection.close()


@pytest.mark.parametrize(
    ("beginning", "changes"),
    [
        (b"POST /api/v1/br", True),
        (b"DELETE /api/v1/", True),
        (b"GET /api/v1/bre", False),
        (b"POST /admin/cha", False),
        (b"POST /apish/", False),
        (b"", False),
    ],
)
def test_what_a_change_looks_like(beginning: bytes, changes: bool) -> None:
    assert changes_through_the_api(beginning) is changes
