"""How much of a request has come, and who may go on: functions of bytes, and a queue of connections.

A thread reads a request as fast as its client sends it. So a request gets a thread when it is whole. One that
is too large for that gets one of few.
"""

from __future__ import annotations

import re
from collections import deque
from enum import Enum
from typing import Generic, TypeVar

# What is looked at of a request that has not been read yet (bytes).
MOST_BYTES = 32 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?:\r\n|$)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:", re.IGNORECASE)

T = TypeVar("T")


class Arrival(Enum):
    """WHOLE: reading it takes no time. COMING: the rest will show. LARGE: somebody has to read it first."""

    WHOLE = "whole"
    COMING = "coming"
    LARGE = "large"


def arrival(data: bytes) -> Arrival:
    """What a request is that begins so. What is no HTTP is whole once it has an empty line."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return Arrival.COMING if len(data) < MOST_BYTES else Arrival.LARGE
    found = _LENGTH.search(head)
    missing = int(found[1]) - len(body) if found else 0
    if missing <= 0:
        return Arrival.WHOLE
    waits_for_us = _EXPECT.search(head) is not None
    return Arrival.LARGE if waits_for_us or len(data) + missing > MOST_BYTES else Arrival.COMING


class Lane(Generic[T]):
    """Those that may be at work at once, at most `most`, and those that wait for them, in their order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._working: set[T] = set()
        self._waiting: deque[T] = deque()

    def enter(self, one: T) -> bool:
        """Whether it may go on now; else it waits until `leave` returns it."""
        if len(self._working) < self._most:
            self._working.add(one)
            return True
        self._waiting.append(one)
        return False

    def leave(self, one: T) -> T | None:
        """It is done, if it was here. Returns the one that may go on instead."""
        if one not in self._working:
            return None
        self._working.remove(one)
        if not self._waiting:
            return None
        following = self._waiting.popleft()
        self._working.add(following)
        return following

    def give_up(self, one: T) -> bool:
        """Whether it was among those that wait; it no longer is."""
        waited = one in self._waiting
        if waited:
            self._waiting.remove(one)
        return waited
