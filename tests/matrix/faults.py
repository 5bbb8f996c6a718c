"""Points of the crash and fault matrix: one call of a flow, one thing that goes wrong at it."""

from __future__ import annotations

from tests.scenarios.mortal import KILLS, MortalSession
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
