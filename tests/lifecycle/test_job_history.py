"""What a job's row keeps of its runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamhub.lifecycle import lease
from streamhub.lifecycle.job_history import MOST, entries, with_run
from streamhub.lifecycle.models import Job

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(results: list[tuple[float, str, str]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for number, (seconds, outcome, error) in enumerate(results):
        began = START + timedelta(seconds=number)
        kept = with_run(kept, began, began + timedelta(seconds=seconds), outcome, error)
    return kept


def test_runs_with_the_same_result_are_one_entry() -> None:
    last, broken, first = entries(
        after([(0.2, "idle", ""), (0.9, "idle", ""), (0.1, "", "boom"), (1, "5", "")])
    )
    assert (first.runs, first.longest, first.outcome) == (2, 0.9, "idle")
    assert first.since == START
    assert first.until == START + timedelta(seconds=1.9)
    assert (broken.runs, broken.error) == (1, "boom")
    assert (last.runs, last.outcome) == (1, "5")


def test_only_the_newest_results_are_kept() -> None:
    kept = entries(after([(0, str(number), "") for number in range(MOST + 5)]))
    assert [entry.outcome for entry in kept] == [str(number) for number in reversed(range(5, MOST + 5))]


@pytest.mark.django_db
def test_a_run_enters_the_history_with_its_result() -> None:
    for error in ("", "no answer"):
        with lease.single("sweep") as run:
            assert run
            run.say("2 rows")
            if error:
                run.fall_short(error)
    assert [(entry.outcome, entry.error) for entry in entries(Job.objects.get().history)] == [
        ("2 rows", "no answer"),
        ("2 rows", ""),
    ]


@pytest.mark.django_db
def test_a_run_that_lost_its_lease_changes_nothing() -> None:
    with lease.single("sweep") as run:
        assert run
        Job.objects.update(lease_token="another")
    assert Job.objects.get().history == []
    assert Job.objects.get().lease_token == "another"
