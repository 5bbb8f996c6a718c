"""Points of the crash and fault matrix: one call of a flow, one thing that goes wrong at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamhub.aws.session import AwsSession
from tests.world import WorldUnderTest

KILLS = ("killed_before", "killed_after")
FAULTS = {
    "throttle": 3,
    "error500": 1,
    "cut_before": 1,
    "cut_after": 1,
    "access_denied": 3,
    "stale_read": 1,
    "not_found": 1,
}
KINDS = (*KILLS, *FAULTS)


class Killed(BaseException):
    """The worker died here; nothing in the product may catch this."""


def raise_killed() -> None:
    raise Killed


class MortalSession(AwsSession):
    """Counts calls and dies at an exact one, just before it is sent or just after its effect.

    `die` is how: an exception that nothing catches where time matters, a real SIGKILL in `make matrix`.
    """

    calls = 0
    died = False

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        # The request ids of all answers that arrived.
        self.heard: set[str | None] = set()
        self.on_call.append(lambda call: self.heard.add(call.request_id))

    die_at: tuple[int, str] | None = None
    die: Callable[[], None] = staticmethod(raise_killed)

    def _send(self, service: str, operation: str, region: str, params: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
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


def arm(world: WorldUnderTest, call: int, kind: str) -> None:
    """From now on the call with that number (from 1, over all operations) goes wrong once."""
    session = world.session
    assert isinstance(session, MortalSession)
    session.calls, session.die_at, session.died = 0, None, False
    if kind in KILLS:
        session.die_at = (call, kind)
    elif kind in FAULTS:
        world.control.fault("*", kind, times=FAULTS[kind], skip=call - 1)


def disarm(world: WorldUnderTest) -> None:
    """From now on nothing goes wrong any more."""
    assert isinstance(world.session, MortalSession)
    world.session.die_at = None
    world.control.clear_faults()


def applicable(operation: str, kind: str) -> bool:
    """A list never answers NotFound; all else can happen to every call."""
    return not (kind == "not_found" and ":List" in operation)
