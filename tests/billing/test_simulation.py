"""Days of shows in accelerated time: no final figure is wrong, whatever CloudWatch and the clocks do."""

from __future__ import annotations

import pytest

from tests.billing.simulation import Plan, Simulation, outcome
from tests.scenarios.volume import volume

CHANNELS = volume(quick=2, full=12)


@pytest.mark.django_db
@pytest.mark.parametrize("down_days", [0, 3, 20, 70])
def test_figures_are_the_rules_and_final_ones_never_change(down_days: int) -> None:
    simulation = Simulation(Plan(CHANNELS, shows=4, down_days=down_days))
    simulation.run()
    found = outcome(simulation)
    assert found.wrong == []
    assert (found.rule_difference, found.ledger_difference) == (0, 0)
    assert found.final == found.complete == found.shows
    assert (found.approximate > 0) == (down_days > 15)
    assert found.distance_after < 0.01
