"""The health of a periodic job from its row and its schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamhub.lifecycle.job_health import JobHealth, Schedule, Word, judge
from streamhub.lifecycle.models import Job
from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
JOB = PeriodicJob("sweep", TaskName.SWEEP, lambda: 60, "sweep")


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def scheduled(**fields: Any) -> Schedule:
    return Schedule(**{"enabled": True, "every": timedelta(seconds=60), "changed_at": ago(9999), **fields})


def health(row: Job | None, schedule: Schedule | None) -> tuple[Word, datetime | None]:
    found: JobHealth = judge(JOB, row, schedule, NOW)
    return found.word, found.since


@pytest.mark.parametrize(
    ("row", "schedule", "expected"),
    [
        (Job(finished_at=ago(30)), scheduled(), (Word.WELL, ago(30))),
        (Job(finished_at=ago(239)), scheduled(), (Word.WELL, ago(239))),
        (Job(finished_at=ago(241)), scheduled(), (Word.LATE, ago(241))),
        (Job(finished_at=ago(241)), scheduled(every=timedelta(hours=1)), (Word.WELL, ago(241))),
        (Job(finished_at=ago(241)), scheduled(every=None), (Word.LATE, ago(241))),
        (Job(finished_at=ago(30)), scheduled(enabled=False, changed_at=ago(20)), (Word.OFF, ago(20))),
        (Job(finished_at=ago(30)), None, (Word.UNSCHEDULED, ago(30))),
        (None, None, (Word.UNSCHEDULED, None)),
        (None, scheduled(changed_at=ago(10)), (Word.NEW, None)),
        (None, scheduled(changed_at=ago(241)), (Word.LATE, ago(241))),
        (Job(finished_at=ago(9), error="no", failing_since=ago(99)), scheduled(), (Word.FAILING, ago(99))),
        (
            Job(started_at=ago(5), finished_at=ago(500), lease_token="t", leased_until=ago(-60)),
            scheduled(),
            (Word.RUNNING, ago(5)),
        ),
        (
            Job(finished_at=ago(500), lease_token="t", leased_until=ago(1)),
            scheduled(),
            (Word.LATE, ago(500)),
        ),
        (
            Job(
                finished_at=ago(9), lease_token="t", leased_until=ago(-60), error="no", failing_since=ago(99)
            ),
            scheduled(),
            (Word.FAILING, ago(99)),
        ),
    ],
    ids=[
        *("just ran", "not late yet", "late", "slower by staff", "no period", "off", "unscheduled"),
        *("never was", "new", "never ran", "failing", "running", "dead run", "runs again after a failure"),
    ],
)
def test_the_word_and_since_when(
    row: Job | None, schedule: Schedule | None, expected: tuple[Word, datetime | None]
) -> None:
    assert health(row, schedule) == expected


@pytest.mark.parametrize("required", [True, False])
def test_only_a_required_job_is_alarming(required: bool) -> None:
    job = PeriodicJob("x", TaskName.SWEEP, lambda: 60, "x", required=required)
    assert judge(job, None, None, NOW).alarming is required
