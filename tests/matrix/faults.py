"""The kinds of crashes and faults of the matrix, and how one is set for a call."""

from __future__ import annotations

from tests.scenarios.crashing_session import KILLS, MortalSession
from tests.scenarios.world import WorldUnderTest

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


def arm(world: WorldUnderTest, call: int, kind: str) -> None:
    """Make the call with this number (from 1, over all operations) fail once."""
    session = world.session
    assert isinstance(session, MortalSession)
    session.calls, session.die_at, session.died = 0, None, False
    if kind in KILLS:
        session.die_at = (call, kind)
    elif kind in FAULTS:
        world.control.fault("*", kind, times=FAULTS[kind], skip=call - 1)


def disarm(world: WorldUnderTest) -> None:
    """Remove the crash or fault."""
    assert isinstance(world.session, MortalSession)
    world.session.die_at = None
    world.control.clear_faults()


def applicable(operation: str, kind: str) -> bool:
    """Whether the kind can happen to the operation: a list never answers NotFound."""
    return not (kind == "not_found" and ":List" in operation)
