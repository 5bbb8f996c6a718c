"""One point of the matrix, run in a world of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.lifecycle.models import Job, Listing, Transition
from tests.matrix.faults import MortalSession, applicable, arm
from tests.matrix.flows import FLOWS, Flow
from tests.world import WorldUnderTest

ROWS = (Attachment, Breakout, Channel, SecurityGroup, Distribution, Transition, Listing, Job)


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
    """What came of a point; all good if nothing is said."""

    point: Point
    failure: str = ""
    orphans: int = 0
    duplicates: int = 0
    illegal: int = 0

    @property
    def converged(self) -> bool:
        return not self.failure


def clean(world: WorldUnderTest) -> None:
    """A fresh AWS and empty tables."""
    for model in ROWS:
        model._default_manager.all().delete()
    world.control.reset()


def begin(world: WorldUnderTest, point: Point, *, emptied: bool = False) -> Flow:
    """Prepare the flow in an empty world, write its intent, and arm what goes wrong."""
    flow = FLOWS[point.flow]
    if not emptied:
        clean(world)
    flow.prepare(world)
    flow.intent(world)
    world.control.clear_calls()
    arm(world, point.call, point.kind)
    return flow


def verdict(world: WorldUnderTest, point: Point, flow: Flow, failure: str = "") -> Verdict:
    """Look at AWS and at the rows."""
    world.control.clear_faults()
    if not failure:
        try:
            flow.check(world)
            assert Transition.objects.exists(), "the transitions tell nothing"
        except AssertionError as wrong:
            failure = f"wrong at the end: {wrong}"
    broken = world.illegal()
    if broken and not failure:
        failure = "illegal: " + "; ".join(f"{call['name']} {call['error']}" for call in broken)
    orphans, duplicates = _surplus(world)
    return Verdict(point, failure, orphans, duplicates, len(broken))


def _surplus(world: WorldUnderTest) -> tuple[int, int]:
    """AWS resources without a row (orphans), and more than one where one is wanted (duplicates)."""
    orphans = 0 if ROWS[2].objects.exists() or Distribution.objects.exists() else sum(world.left().values())
    duplicates = sum(max(0, n - 1) for n in world.left().values()) if Channel.objects.count() == 1 else 0
    return orphans, duplicates


def run_in_process(world: WorldUnderTest, point: Point) -> Verdict:
    """Run a point here; a killed worker is an exception that ends its step."""
    flow, failure = begin(world, point), ""
    try:
        flow.work(world)
    except AssertionError as wrong:
        failure = str(wrong)
    return verdict(world, point, flow, failure)


def points_of(world: WorldUnderTest, name: str, kinds: tuple[str, ...]) -> list[Point]:
    """Run the flow once without a fault and list the points of its calls."""
    seen = run_in_process(world, Point(name, 0, "none"))
    assert seen.converged, f"{name} fails without any fault: {seen.failure}"
    session: Any = world.session
    assert isinstance(session, MortalSession)
    names = [call["name"] for call in world.control.calls()][: session.calls]
    return [
        Point(name, number, kind, operation)
        for kind in kinds
        for number, operation in enumerate(names, start=1)
        if applicable(operation, kind)
    ]
