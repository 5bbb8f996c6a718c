"""A representative slice of the crash and fault matrix; `make matrix` runs all of it."""

from __future__ import annotations

import pytest

from tests.matrix.faults import KINDS
from tests.matrix.flows import FLOWS
from tests.matrix.points import points_of, run_in_process
from tests.scenarios.volume import volume
from tests.scenarios.world import WorldUnderTest

# Prime: every kind meets a different set of calls of every flow, so that the slice covers both dimensions.
EVERY = volume(83, 29)


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_flow_survives_what_goes_wrong_at_a_call(name: str, mortal: WorldUnderTest) -> None:
    points = points_of(mortal, name, KINDS)
    verdicts = [run_in_process(mortal, point) for point in points[hash_of(name) % EVERY :: EVERY]]
    assert verdicts
    assert [f"{seen.point} {seen.failure}" for seen in verdicts if not seen.converged] == []
    assert all(seen.struck for seen in verdicts)


def hash_of(name: str) -> int:
    """A stable offset per flow (Python's own hash differs in every process)."""
    return sum(name.encode())
