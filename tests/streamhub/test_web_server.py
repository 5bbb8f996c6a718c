"""What the client sees of requests that are too large or no HTTP: gunicorn itself, over raw sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from devstack.ports import HOST, free_port
from devstack.processes import ProcessSet

BIG_BODY = 20 * 1024 * 1024
pytestmark = pytest.mark.timeout(300)


class WEB:
    """What the tests know about the process beside its port."""

    token = ""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A web process on SQLite and the embedded AWS."""
    with ProcessSet(tmp_path_factory.mktemp("web"), {}) as processes:
        processes.start_embedded(0.01)
        processes.wait_embedded()
        processes.run("bootstrap")
        processes.start_web(free_port(), workers=1)
        livez = f"http://{HOST}:{processes.port}/livez"
        processes.wait(lambda: answers(livez), "the web process answers", 90)
        issue = ("issue_token", "odd", "--scope", "channels:write", "--expires", "1d")
        WEB.token = processes.run(*issue).strip()
        yield processes.port


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def exchange(port: int, *parts: bytes, shut: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Send all the parts, and only then read the answer, as a simple client does."""
    with socket.create_connection((HOST, port), timeout=60) as connection:
        for part in parts:
            connection.sendall(part)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
            head, found, body = received.partition(b"\r\n\r\n")
            headers = _headers(head)
            if found and len(body) >= int(headers.get("content-length", "0")):
                break
    status = int(head.split()[1])
    return status, headers, body


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def problem_of(answer: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    status, headers, body = answer
    assert headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(body)
    assert problem["status"] == status
    return problem


def post(path: str, length: int, *more: str) -> bytes:
    headers = (f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *more, "", "")
    return "\r\n".join(headers).encode("latin-1")


def body_of(length: int) -> Iterator[bytes]:
    piece = b"x" * 65536
    for _ in range(length // len(piece)):
        yield piece


@pytest.mark.parametrize("path", ["/api/v1/channels", "/api/v1/nothing"])
def test_a_body_over_the_limit_is_answered_and_not_cut_off(port: int, path: str) -> None:
    answer = exchange(port, post(path, BIG_BODY, "Content-Type: application/json"), *body_of(BIG_BODY))
    assert answer[0] in (401, 404)  # known before the body matters
    problem_of(answer)


def test_a_body_over_the_limit_is_a_413_problem(port: int) -> None:
    head = post("/api/v1/channels", BIG_BODY, f"Authorization: Bearer {WEB.token}")
    answer = exchange(port, head, *body_of(BIG_BODY))
    assert answer[0] == 413
    assert "too large" in problem_of(answer)["detail"]


def test_a_large_form_of_the_admin_is_answered_and_not_cut_off(port: int) -> None:
    kind = "Content-Type: application/x-www-form-urlencoded"
    status, headers, body = exchange(port, post("/admin/login/", BIG_BODY, kind), *body_of(BIG_BODY))
    assert status == 403  # without the form's cookie
    assert headers["content-type"].startswith("text/html")
    assert b"The form has expired" in body


@pytest.mark.parametrize("path", ["/api/v1/channels", "/admin/channels_app/channel/"])
def test_an_address_that_is_too_long_is_a_414_problem(port: int, path: str) -> None:
    line = f"GET {path}?cursor={'x' * 9000} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = exchange(port, line.encode())
    assert answer[0] == 414
    assert "too long" in problem_of(answer)["detail"]


def test_a_long_address_below_the_limit_is_read(port: int) -> None:
    line = f"GET /api/v1/livez?x={'x' * 8000} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert exchange(port, line.encode())[0] == 200


@pytest.mark.parametrize(
    "headers",
    [f"X: {'x' * 20_000}", "\r\n".join(f"X{n}: 1" for n in range(200))],
    ids=["long", "many"],
)
def test_headers_that_are_too_large_are_a_431_problem(port: int, headers: str) -> None:
    answer = exchange(port, f"GET /api/v1/livez HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n".encode())
    assert answer[0] == 431
    problem_of(answer)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /api/v1/livez HTTP/9\r\n\r\n",
        b"GET /api/v1/livez HTTP/1.1\r\nHost: localhost\r\nX\0Y: 1\r\n\r\n",
        b"GET /api/v1/livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: \xb2\r\n\r\n",
        b"POST /api/v1/channels HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: odd\r\n\r\n",
        b"POST /api/v1/channels HTTP/1.1\r\nHost: localhost\r\nExpect: magic\r\n\r\n",
    ],
    ids=["TLS", "no path", "version", "NUL in a header", "length", "transfer encoding", "expectation"],
)
def test_what_is_no_http_is_a_problem(port: int, raw: bytes) -> None:
    answer = exchange(port, raw, shut=True)
    assert 400 <= answer[0] < 500 or answer[0] == 501
    problem_of(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/%",
        "/api/v1/channels/%zz",
        "/api/v1/channels/%ff",
        "/api/v1/channels/%00",
        "/api/v1/\xff",
        "/api/v1/channels/99999999999999999999",
    ],
)
def test_broken_paths_are_problems(port: int, path: str) -> None:
    answer = exchange(port, f"GET /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("latin-1"))
    assert answer[0] in (400, 401, 404)
    problem_of(answer)


def test_a_body_in_chunks_is_a_411_problem(port: int) -> None:
    head = b"POST /api/v1/channels HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = exchange(port, head, b"2\r\n{}\r\n0\r\n\r\n")
    assert answer[0] == 411
    assert problem_of(answer)["errors"][0]["field"] == "Content-Length"


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=hex",
        "application/json; charset=base64",
        "application/json; charset=utf-16",
        "application/json; charset=\xb2",
        "a/b; c*=x''%ff",
    ],
)
def test_another_charset_is_a_415_problem(port: int, kind: str) -> None:
    """Django decodes the query string with it, so some were a 500 before any page was asked."""
    head = post("/api/v1/channels?x=1", 2, f"Content-Type: {kind}")
    answer = exchange(port, head, b"{}")
    assert answer[0] == 415
    assert problem_of(answer)["errors"][0]["field"] == "Content-Type"


@pytest.mark.parametrize(
    "kind", ["application/json; charset=UTF-8", 'application/json; charset="utf-8"', "", "\xb2"]
)
def test_utf_8_is_read(port: int, kind: str) -> None:
    head = post("/api/v1/channels?x=1", 2, f"Content-Type: {kind}", f"Authorization: Bearer {WEB.token}")
    assert exchange(port, head, b"{}")[0] == 422


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO"])
def test_no_header_says_another_path(port: int, name: str) -> None:
    """A header with such a name is dropped, as all with an underscore are."""
    line = f"GET /livez HTTP/1.1\r\nHost: localhost\r\n{name}: /api/v1/livez\r\n\r\n"
    assert exchange(port, line.encode())[0] == 200
    line = f"GET /api/v1/channels HTTP/1.1\r\nHost: localhost\r\n{name}: /livez\r\n\r\n"
    assert exchange(port, line.encode())[0] == 401
