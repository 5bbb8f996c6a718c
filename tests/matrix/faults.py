"""The kinds of crashes and faults of the matrix, and how one is set for a call."""

from __future__ import annotations

import time
from functools import cache

import botocore.session
from django.conf import settings

from emulator.codec import AwsRequest
from emulator.faults import refusal
from emulator.stale_reads import is_read
from streamhub.lifecycle.freshness import FRESH_PERIODS
from tests.matrix.taking import FLOWS_TAKEN, TAKE
from tests.scenarios.crashing_session import KILLS, MortalSession
from tests.scenarios.handing_over import hand_over
from tests.scenarios.world import WorldUnderTest

FAULTS = {
    "throttle": 3,
    "error500": 1,
    "cut_before": 1,
    "cut_after": 1,
    "access_denied": 3,
    "stale_read": 1,
    "not_found": 1,
    "conflict": 1,
    "conflict_after": 1,
}
KINDS = (*KILLS, *FAULTS, TAKE)


def arm(world: WorldUnderTest, call: int, kind: str) -> None:
    """Make the call with this number (from 1, over all operations) fail once."""
    session = world.session
    assert isinstance(session, MortalSession)
    session.calls, session.die_at, session.died, session.interrupt_at = 0, None, False, None
    if kind in KILLS:
        session.die_at = (call, kind)
    elif kind == TAKE:
        session.interrupt_at, session.interrupt = call, lambda: _take(world)
    elif kind in FAULTS:
        world.control.fault("*", kind, times=FAULTS[kind], skip=call - 1)


def arm_next(world: WorldUnderTest, kind: str) -> None:
    """Make the call fail that is just about to be sent: for use in a session's `interrupt`."""
    session = world.session
    assert isinstance(session, MortalSession)
    if kind in KILLS:
        session.die_at = (session.calls, kind)
    else:
        world.control.fault("*", kind, times=FAULTS[kind])


def _take(world: WorldUnderTest) -> None:
    """Hand everything over. What a list has said just before no longer counts as fresh when this ends."""
    hand_over(world)
    time.sleep((FRESH_PERIODS + 1) * settings.OBSERVE_SECONDS)


def disarm(world: WorldUnderTest) -> None:
    """Remove the crash or fault."""
    assert isinstance(world.session, MortalSession)
    world.session.die_at = world.session.interrupt_at = None
    world.control.clear_faults()


@cache
def may_conflict(operation: str) -> bool:
    """Whether botocore's model of the operation has the code with which the fault answers."""
    service, _, name = operation.partition(":")
    model = botocore.session.get_session().get_service_model(service).operation_model(name)
    code = refusal("conflict", AwsRequest(service, name)).code
    return code in {shape.error_code for shape in model.error_shapes}


def applicable(flow: str, operation: str, kind: str) -> bool:
    """Whether the kind can happen to the operation in this flow.

    A list never answers NotFound, and only some writes answer with a conflict.
    """
    if kind == TAKE:
        return flow in FLOWS_TAKEN
    if kind in ("conflict", "conflict_after"):
        # MediaPackage's 422 without an effect is a refusal of the input, for which a row fails.
        refused = kind == "conflict" and operation.startswith("mediapackage:")
        return may_conflict(operation) and not refused and not is_read(operation.partition(":")[2])
    return not (kind == "not_found" and ":List" in operation)
