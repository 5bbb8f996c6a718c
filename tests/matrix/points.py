"""One point of the matrix, run in a world of its own."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from tests.matrix.faults import FAULTS, applicable, arm, disarm
from tests.matrix.flows import FLOWS, Flow
from tests.scenarios import timeline
from tests.scenarios.measures import lost_bytes, not_final, surplus, truth
from tests.scenarios.mortal import MortalSession
from tests.scenarios.world import WorldUnderTest, clean


@dataclass(frozen=True)
class Point:
    flow: str
    call: int
    kind: str
    operation: str = ""

    def __str__(self) -> str:
        return f"{self.flow}:{self.call}:{self.kind}"


@dataclass(frozen=True)
class Verdict:
    """What came of a point; all good if nothing is said and every number is zero.

    `struck`: the fault met a call (a run may make one call fewer than the run that listed them).
    """

    point: Point
    failure: str = ""
    orphans: int = 0
    duplicates: int = 0
    illegal: int = 0
    lost_bytes: int = 0
    struck: bool = True

    @property
    def converged(self) -> bool:
        return not self.failure


def begin(world: WorldUnderTest, point: Point, *, prepared: bool = False) -> Flow:
    """Prepare the flow in an empty world (unless it is), write its intent, and arm what goes wrong."""
    flow = FLOWS[point.flow]
    if not prepared:
        clean(world)
        flow.prepare(world)
    flow.intent(world)
    world.control.clear_calls()
    arm(world, point.call, point.kind)
    return flow


def verdict(
    world: WorldUnderTest, point: Point, flow: Flow, failure: str = "", *, killed: bool = False
) -> Verdict:
    """Look at AWS and at the rows."""
    struck = killed if point.kind not in FAULTS else any(rule["done"] for rule in world.control.faults())
    disarm(world)
    orphans, duplicates = surplus(world)
    illegal = world.illegal()
    failure = failure or _said(lambda: _ended_well(world, point, flow))
    lost = lost_bytes(world)
    wrong = [failure] if failure else []
    wrong += [f"illegal: {call['name']} {call['error']}" for call in illegal]
    wrong += [f"{n} {what}" for n, what in ((orphans, "orphans"), (duplicates, "duplicates")) if n]
    wrong += [f"the books are wrong by {lost} bytes"] if lost else not_final() if truth(world) else []
    return Verdict(point, "; ".join(wrong), orphans, duplicates, len(illegal), lost, struck)


def _ended_well(world: WorldUnderTest, point: Point, flow: Flow) -> None:
    """The intent is carried out, and the timeline tells how."""
    flow.check(world)
    killed_at = 0 if point.kind in FAULTS else point.call
    gaps = timeline.wrongs() + timeline.unaccounted(world, killed_at)
    assert not gaps, "; ".join(gaps)
    flow.after(world)
    assert bool(truth(world)) == flow.watched, "nobody watched" if flow.watched else "somebody watched"


def _said(check: Callable[[], None]) -> str:
    try:
        check()
    except AssertionError as wrong:
        return f"wrong at the end: {_worded(wrong)}"
    return ""


def _worded(wrong: AssertionError) -> str:
    """Its words, or the line that asserts: outside of pytest an assertion has no words of its own."""
    return str(wrong) or traceback.extract_tb(wrong.__traceback__)[-1].line or repr(wrong)


def run_in_process(world: WorldUnderTest, point: Point) -> Verdict:
    """Run a point here; a killed worker is an exception that ends its step."""
    flow = begin(world, point)
    failure = worked(world, flow)
    session = world.session
    assert isinstance(session, MortalSession)
    return verdict(world, point, flow, failure, killed=session.died)


def worked(world: WorldUnderTest, flow: Flow) -> str:
    """Do the flow's work; why it did not come to its end, if so."""
    try:
        flow.work(world)
    except AssertionError as wrong:
        return _worded(wrong)
    return ""


def points_of(world: WorldUnderTest, name: str, kinds: tuple[str, ...]) -> list[Point]:
    """Run the flow once without a fault and list the points of its calls."""
    point = Point(name, 0, "none")
    flow = begin(world, point)
    failure = worked(world, flow)
    names = [call["name"] for call in world.control.calls()]
    seen = verdict(world, point, flow, failure)
    assert seen.converged, f"{name} fails without any fault: {seen.failure}"
    return [
        Point(name, number, kind, operation)
        for kind in kinds
        for number, operation in enumerate(names, start=1)
        if applicable(operation, kind)
    ]
