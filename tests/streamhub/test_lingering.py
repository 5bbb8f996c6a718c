"""A connection whose answer is sent ends with its client, or when its time or its bytes are over."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator

import pytest

from streamhub.lingering import Lingering


class Ending:
    """A connection that is ending, and the process's loop around it."""

    def __init__(self, seconds: float = 60) -> None:
        self.poller = selectors.DefaultSelector()
        self.lingering = Lingering(self.poller, most_bytes=100)
        self.server, self.client = socket.socketpair()
        self.closed = 0
        self.lingering.add(self.server, self.count, seconds)

    def count(self) -> None:
        self.closed += 1

    def loop(self) -> None:
        """One round of the process's main loop."""
        for key, _ in self.poller.select(timeout=0):
            key.data(key.fileobj)
        self.lingering.end_late()

    def is_over(self) -> bool:
        assert self.closed == (self.server.fileno() == -1)
        return self.closed == 1


@pytest.fixture
def ending() -> Iterator[Ending]:
    found = Ending()
    with found.poller, found.server, found.client:
        yield found


def test_the_client_sees_the_end_at_once_and_ends_it(ending: Ending) -> None:
    assert ending.client.recv(1) == b""
    ending.client.sendall(b"more of a body")
    ending.loop()
    assert not ending.is_over()
    ending.client.close()
    ending.loop()
    assert ending.is_over()


def test_a_client_that_does_nothing_is_left_after_its_time() -> None:
    ending = Ending(seconds=0.05)
    ending.loop()
    assert not ending.is_over()
    time.sleep(0.06)
    ending.loop()
    assert ending.is_over()


def test_a_client_that_sends_without_end_is_left(ending: Ending) -> None:
    for size, over in ((99, False), (1, True)):
        ending.client.sendall(b"x" * size)
        ending.loop()
        assert ending.is_over() is over


def test_a_process_that_stops_lets_nobody_last_beyond_its_own_time(ending: Ending) -> None:
    ending.lingering.end_by(time.monotonic())
    ending.loop()
    assert ending.is_over()


def test_a_client_that_is_gone_already_is_counted_too(ending: Ending) -> None:
    server, client = socket.socketpair()
    server.close()
    ending.lingering.add(server, ending.count, 60)
    assert ending.closed == 1
    client.close()
