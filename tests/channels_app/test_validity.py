"""Until when a signature lasts: with the plan, before the next show, and never longer than asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels_app.decide.validity import Plan, ends_at

NOW = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def end(plan: Plan, asked: int | None = None, now: datetime = NOW) -> datetime:
    return ends_at(now, plan, tail=timedelta(minutes=2), unplanned=timedelta(minutes=60), asked=asked)


@pytest.mark.parametrize(
    ("plan", "asked", "expected"),
    [
        (Plan(), None, at(60)),
        (Plan(end=at(90)), None, at(92)),
        (Plan(end=at(5)), None, at(7)),
        (Plan(end=at(-1)), None, at(1)),  # the tail is still left
        (Plan(end=at(-2)), None, at(60)),  # it runs beyond its plan
        (Plan(end=at(-30)), None, at(60)),
        (Plan(end=at(90), next_start=at(30)), None, at(30) - timedelta(seconds=1)),
        (Plan(end=at(29), next_start=at(30)), None, at(30) - timedelta(seconds=1)),
        (Plan(end=at(20), next_start=at(30)), None, at(22)),
        (Plan(next_start=at(30)), None, at(30) - timedelta(seconds=1)),
        (Plan(next_start=at(90)), None, at(60)),
        (Plan(end=at(-30), next_due=True), None, at(5)),
        (Plan(next_start=at(3), next_due=True), None, at(3) - timedelta(seconds=1)),
        (Plan(), 600, at(10)),
        (Plan(), 3600, at(60)),
        (Plan(), 7200, at(60)),
        (Plan(), 10**30, at(60)),
        (Plan(end=at(90)), 60, at(1)),
        (Plan(end=at(90), next_start=at(30)), 3000, at(30) - timedelta(seconds=1)),
        (Plan(), 1, NOW + timedelta(seconds=1)),
        (Plan(next_start=NOW + timedelta(seconds=1)), None, NOW + timedelta(seconds=1)),
    ],
)
def test_it_ends_with_the_plan_and_asking_only_shortens(
    plan: Plan, asked: int | None, expected: datetime
) -> None:
    assert end(plan, asked) == expected


def test_it_ends_at_a_whole_second_that_is_not_past() -> None:
    now = NOW + timedelta(milliseconds=900)
    assert end(Plan(), 1, now) == NOW + timedelta(seconds=1)
    assert end(Plan(), 2, now) == NOW + timedelta(seconds=2)
