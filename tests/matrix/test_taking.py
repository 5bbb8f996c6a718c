"""Ownership taken away at each call of a delete, a stop, a start, a detach and a reap."""

from __future__ import annotations

import pytest

from tests.matrix.points import points_of, run_in_process
from tests.matrix.taking import FLOWS_TAKEN, TAKE
from tests.scenarios.volume import volume
from tests.scenarios.world import WorldUnderTest

EVERY = volume(6, 2)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", FLOWS_TAKEN)
def test_nothing_is_done_to_what_was_given_away_at_a_call(name: str, mortal: WorldUnderTest) -> None:
    points = points_of(mortal, name, (TAKE,))
    verdicts = [run_in_process(mortal, point) for point in points[::EVERY]]
    assert verdicts
    assert [f"{verdict.point} {verdict.failure}" for verdict in verdicts if not verdict.converged] == []
    # The reaper runs at other moments than in the run that listed the calls, so that a few may not be made.
    missed = [str(verdict.point) for verdict in verdicts if not verdict.struck]
    assert len(missed) <= len(verdicts) // 5, missed
