"""Points of the matrix: one call of a flow, and one crash or fault at it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from tests.matrix import taking
from tests.matrix.faults import FAULTS, applicable, arm, disarm
from tests.matrix.flows import Flow
from tests.matrix.outside import FLOWS
from tests.matrix.taking import TAKE
from tests.scenarios import timeline
from tests.scenarios.crashing_session import MortalSession
from tests.scenarios.measures import lost_bytes, not_final, surplus, truth
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
    """The result of a point: passed if `failure` is empty and every number is zero.

    `struck`: the fault met a call. A run may make up to two calls fewer than the one that listed them.
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
    """Prepare the flow in an empty world unless it is prepared, write its intent, and set the fault."""
    flow = FLOWS[point.flow]
    if not prepared:
        clean(world)
        flow.prepare(world)
    flow.intent(world)
    world.control.clear_calls()
    arm(world, point.call, point.kind)
    return flow


def judge(
    world: WorldUnderTest, point: Point, flow: Flow, failure: str = "", *, killed: bool = False
) -> Verdict:
    """Compare AWS with the rows, without faults."""
    if _met_another(world, point):
        disarm(world)
        return Verdict(point)
    struck = killed if point.kind not in FAULTS else any(rule["done"] for rule in world.control.faults())
    disarm(world)
    orphans, duplicates = surplus(world)
    illegal = world.illegal()
    failure = failure or _failure_of(lambda: _ended_well(world, point, flow))
    lost = lost_bytes(world)
    failures = [failure] if failure else []
    failures += [f"illegal: {call['name']} {call['error']}" for call in illegal]
    failures += [f"orphans: {orphans}"] if orphans else []
    failures += [f"duplicates: {duplicates}"] if duplicates else []
    failures += [f"the usage is wrong by {lost} bytes"] if lost else not_final() if truth(world) else []
    return Verdict(point, "; ".join(failures), orphans, duplicates, len(illegal), lost, struck)


def _met_another(world: WorldUnderTest, point: Point) -> bool:
    """Whether the fault met a call that AWS never answers so.

    The run that listed the calls may have made others: some depend on how old the last list is.
    """
    if point.kind not in FAULTS:
        return False
    met = [call["name"] for call in world.control.calls() if call["fault"] == point.kind]
    return any(not applicable(point.flow, name, point.kind) for name in met)


def _ended_well(world: WorldUnderTest, point: Point, flow: Flow) -> None:
    """Assert that the intent is carried out and the timeline complete."""
    flow.check(world)
    killed_call = 0 if point.kind in FAULTS else point.call
    gaps = timeline.wrongs() + timeline.unaccounted(world, killed_call)
    assert not gaps, "; ".join(gaps)
    flow.after(world)
    assert bool(truth(world)) == flow.watched, (
        "there were no viewers" if flow.watched else "there were viewers"
    )


def _failure_of(check: Callable[[], None]) -> str:
    try:
        check()
    except AssertionError as error:
        return f"wrong at the end: {_text_of(error)}"
    return ""


def _text_of(error: AssertionError) -> str:
    """The error's message, or the line of the assertion, since plain assertions have no message."""
    return str(error) or traceback.extract_tb(error.__traceback__)[-1].line or repr(error)


def run_in_process(world: WorldUnderTest, point: Point) -> Verdict:
    """Run a point in this process; a killed worker is an exception that ends its step."""
    flow = begin(world, point)
    if point.kind == TAKE:
        return run_taken(world, point, flow)
    failure = run_flow(world, flow)
    session = world.session
    assert isinstance(session, MortalSession)
    return judge(world, point, flow, failure, killed=session.died)


def run_taken(world: WorldUnderTest, point: Point, flow: Flow) -> Verdict:
    """Run a point at which everything is given away: nothing may be done to it any more."""
    session = world.session
    assert isinstance(session, MortalSession)
    taking.work_in_vain(world, flow)
    struck = session.calls >= point.call
    disarm(world)
    return Verdict(point, "; ".join(taking.failures(world, point.call)) if struck else "", struck=struck)


def run_flow(world: WorldUnderTest, flow: Flow) -> str:
    """Do the flow's work; returns why it did not end, or ""."""
    try:
        flow.work(world)
    except AssertionError as error:
        return _text_of(error)
    return ""


def points_of(world: WorldUnderTest, name: str, kinds: tuple[str, ...]) -> list[Point]:
    """Run the flow once without a fault and list the points of its calls."""
    point = Point(name, 0, "none")
    flow = begin(world, point)
    failure = run_flow(world, flow)
    names = [call["name"] for call in world.control.calls()]
    verdict = judge(world, point, flow, failure)
    assert verdict.converged, f"{name} fails without any fault: {verdict.failure}"
    return [
        Point(name, number, kind, operation)
        for kind in kinds
        if kind in flow.kinds
        for number, operation in enumerate(names, start=1)
        if applicable(name, operation, kind)
    ]
