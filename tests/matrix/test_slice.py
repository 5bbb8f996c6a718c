"""A representative slice of the crash and fault matrix; `make matrix` runs all of it."""

from __future__ import annotations

import pytest

from tests.matrix.faults import KINDS
from tests.matrix.outside import FLOWS
from tests.matrix.points import points_of, run_in_process
from tests.scenarios.volume import volume
from tests.scenarios.world import WorldUnderTest

# The step is prime, so that the slice contains every kind of fault at different calls of every flow.
EVERY = volume(139, 71)
READS_BY_AGE = 2


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_a_flow_survives_a_crash_or_fault_at_a_call(name: str, mortal: WorldUnderTest) -> None:
    points = points_of(mortal, name, KINDS)
    first = offset_of(name) % min(EVERY, len(points))
    verdicts = [run_in_process(mortal, point) for point in points[first::EVERY]]
    assert verdicts
    assert [f"{verdict.point} {verdict.failure}" for verdict in verdicts if not verdict.converged] == []
    # A run may make fewer calls than the one that listed them: two reads depend on how old a list is.
    always = max(point.call for point in points) - READS_BY_AGE
    assert [
        str(verdict.point) for verdict in verdicts if not verdict.struck and verdict.point.call <= always
    ] == []


def offset_of(name: str) -> int:
    """A stable offset per flow. Python's own hash differs in every process."""
    return sum(name.encode())
