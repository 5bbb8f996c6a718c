"""Ctrl-C and the like: the first asks to clean up and end, the second leaves at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}


class LeftAtOnce(BaseException):
    """The second signal: nothing is waited for any more."""


class Interruption:
    """Whether somebody asked to end. Inside it, signals do not end the process.

    `tell` is called at the first one. `by`: which signal it was.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._before: dict[int, Any] = {}
        self.asked = False
        self.by = ""

    def __enter__(self) -> Interruption:
        self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise LeftAtOnce
        self.asked, self.by = True, NAMES[signal.Signals(number)]
        self._tell(f"{self.by}: cleaning up. Once more leaves at once, and leaves what is there.")
