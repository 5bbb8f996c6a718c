"""A connection gives up on a client that sends too little for too long, and on nobody else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from streamhub import patient_socket
from streamhub.patient_socket import PatientSocket

Ends = tuple[PatientSocket, socket.socket]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    """The server's and the client's end of a connection, with little patience."""
    monkeypatch.setattr(patient_socket, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(patient_socket, "BYTES_A_SECOND", 10)
    monkeypatch.setattr(patient_socket, "TAKING_SECONDS", 1.5)
    server, client = socket.socketpair()
    with PatientSocket.of(server) as own, client:
        own.setblocking(True)
        yield own, client


def test_a_client_that_stops_is_given_up(ends: Ends) -> None:
    own, client = ends
    client.sendall(b"a")
    assert own.recv(10) == b"a"
    with pytest.raises(ConnectionResetError):
        own.recv(10)


def test_a_client_that_sends_now_and_then_is_given_up_in_time(ends: Ends) -> None:
    """Its next byte always comes before a limit of a single wait would end."""
    own, client = ends
    ended = threading.Event()

    def trickle() -> None:
        while not ended.wait(0.2):
            client.send(b"a")

    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        with pytest.raises(ConnectionResetError):
            _read_for(own, seconds=10)
    finally:
        ended.set()
        sender.join()


def _read_for(own: PatientSocket, seconds: float) -> None:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        own.recv(10)


def test_what_comes_fast_enough_may_take_long(ends: Ends) -> None:
    own, client = ends

    def send() -> None:
        for _ in range(10):
            client.send(b"a" * 5)
            time.sleep(0.1)

    sender = threading.Thread(target=send)
    sender.start()
    received = b""
    while len(received) < 50:
        received += own.recv(10)
    sender.join()
    assert received == b"a" * 50


def test_the_time_of_the_server_itself_does_not_count(ends: Ends) -> None:
    own, client = ends
    client.sendall(b"ab")
    assert own.recv(1) == b"a"
    time.sleep(0.4)
    assert own.recv(1) == b"b"


def test_the_next_request_has_all_the_patience(ends: Ends) -> None:
    own, client = ends
    for _ in range(2):
        own.expect_request()
        with pytest.raises(ConnectionResetError):
            own.recv(1)
    own.expect_request()
    client.sendall(b"a")
    assert own.recv(1) == b"a"


def test_a_shorter_limit_of_somebody_else_is_kept(ends: Ends) -> None:
    own, _client = ends
    own.settimeout(0.05)
    with pytest.raises(TimeoutError):
        own.recv(1)
    assert own.gettimeout() == 0.05


def test_looking_ahead_waits_for_nothing(ends: Ends) -> None:
    own, client = ends
    began = time.monotonic()
    with pytest.raises(BlockingIOError):
        own.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    assert time.monotonic() - began < 1
    client.sendall(b"ab")
    assert own.recv(2, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"ab"
    assert own.recv(2) == b"ab"
    own.setblocking(False)
    with pytest.raises(BlockingIOError):
        own.recv(1)


def test_a_client_that_takes_nothing_is_given_up(ends: Ends) -> None:
    own, _client = ends
    with pytest.raises(TimeoutError):
        own.sendall(b"a" * 10_000_000)
