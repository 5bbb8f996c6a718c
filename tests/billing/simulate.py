"""`python -m tests.billing.simulate`: the whole simulation as a table, each plan on its own database."""

from __future__ import annotations

import os

import django

CHANNELS, SHOWS = 100, 5
DOWN_DAYS = (0, 3, 20, 70)
COLUMNS = (
    *("days down", "shows", "final", "complete", "approximate", "final figures that changed"),
    *("with late bytes", "difference to the rule", "ledger less CloudWatch"),
    *("distance before", "distance now", "metrics per show"),
)


def main() -> None:
    """Run all plans and print one line for each."""
    from django.test.utils import setup_databases, teardown_databases

    from tests.billing.simulation import Plan, Simulation, outcome

    _print(COLUMNS)
    _print(["---"] * len(COLUMNS))
    for days in DOWN_DAYS:
        old = setup_databases(verbosity=0, interactive=False)
        simulation = Simulation(Plan(CHANNELS, SHOWS, down_days=days))
        simulation.run()
        it = outcome(simulation)
        _print(
            (
                *(days, it.shows, it.final, it.complete, it.approximate, it.changed_after_final),
                *(it.late, it.rule_difference, it.ledger_difference),
                *(f"{it.distance_before:.2%}", f"{it.distance_after:.2%}", f"{it.metrics_per_show:.1f}"),
            )
        )
        teardown_databases(old, verbosity=0)


def _print(cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)  # type: ignore[attr-defined]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    main()
