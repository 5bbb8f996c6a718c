"""A worker that dies at an exact AWS call, just before it is sent or just after its effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamhub.aws.session import AwsSession

KILLS = ("killed_before", "killed_after")


class Killed(BaseException):
    """The worker died. The product must not catch this."""


def raise_killed() -> None:
    raise Killed


class MortalSession(AwsSession):
    """Counts calls and dies at a given one, just before it is sent or just after its effect.

    `die`: an exception that nothing catches, or a real SIGKILL in `make matrix`.
    """

    calls = 0
    died = False

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        # The request ids of all received answers.
        self.received: set[str | None] = set()
        self.on_call.append(lambda call: self.received.add(call.request_id))

    # Just before this call, somebody does something outside of StreamHub.
    interrupt_at: int | None = None
    interrupt: Callable[[], object] = staticmethod(lambda: None)

    die_at: tuple[int, str] | None = None
    die: Callable[[], None] = staticmethod(raise_killed)

    def _send(self, service: str, operation: str, region: str, params: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        if self.interrupt_at == self.calls:
            self.interrupt()
        if self.die_at == (self.calls, "killed_before"):
            self._die()
        dying = self.die_at == (self.calls, "killed_after")
        try:
            return super()._send(service, operation, region, params)
        finally:
            if dying:
                self._die()

    def _die(self) -> None:
        self.died = True
        self.die()
