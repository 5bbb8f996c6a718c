"""The planned calls: few, within CloudWatch's limits, and with a period that CloudWatch still keeps."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.daily_rereads import READS
from billing.metric_requests import DATAPOINTS, MetricRange, plan, segments
from billing.usage_window import Window, complete_until, floor_to
from tests.scenarios.collecting import HOUR, NOW, minutes

DAY = timedelta(days=1)
DOCUMENT = Path(__file__).parents[2] / "docs" / "billing.md"


def range_of(number: int, start: float = -2, end: float = 0) -> MetricRange:
    return MetricRange(f"E{number}", NOW + start * HOUR, NOW + end * HOUR)


def test_a_thousand_breakouts_of_one_evening_need_four_calls() -> None:
    calls = plan([range_of(number) for number in range(1000)], NOW)
    assert [len(call.aws_distribution_ids) for call in calls] == [250] * 4


def test_a_distribution_with_many_breakouts_is_in_one_call() -> None:
    (call,) = plan([range_of(1, -3, -2), range_of(1, -1, 0), range_of(2)], NOW)
    assert call.aws_distribution_ids == {"E1", "E2"}
    assert (call.start, call.end) == (NOW - 3 * HOUR, NOW)


def test_windows_far_apart_do_not_share_a_call_with_more_pages() -> None:
    far = [range_of(n, -300, -298) for n in range(100)] + [range_of(n + 100) for n in range(100)]
    assert [call.end - call.start for call in plan(far, NOW)] == [2 * HOUR, 2 * HOUR]


@pytest.mark.parametrize(
    ("days", "period"), [(0.5, 60), (14.8, 60), (15.2, 300), (62.8, 300), (63.2, 3600), (454, 3600)]
)
def test_cloudwatch_still_keeps_the_period_of_a_call(days: float, period: int) -> None:
    start = NOW - days * DAY
    (call,) = plan([MetricRange("E1", start, start + minutes(30))], NOW)
    assert call.period == period
    assert call.start == floor_to(start, period)


def test_expired_data_is_not_requested() -> None:
    assert plan([MetricRange("E1", NOW - 500 * DAY, NOW - 460 * DAY)], NOW) == []


@given(st.floats(0, 500), st.floats(0.001, 500))
def test_segments_neither_overlap_nor_leave_a_gap(age: float, length: float) -> None:
    start = floor_to(NOW - age * DAY)
    end = min(floor_to(start + length * DAY) + minutes(1), NOW + minutes(1))
    parts = sorted(
        (part.start, part.end, period) for period, part in segments(MetricRange("E1", start, end), NOW)
    )
    for (_, before, _), (after, _, _) in pairwise(parts):
        assert before == after
    if start > NOW - 454 * DAY:
        assert parts[0][0] <= start
        assert parts[-1][1] >= end


@given(st.lists(st.tuples(st.integers(0, 400), st.floats(0, 100), st.floats(0.02, 30)), max_size=60))
def test_every_range_is_read_and_no_call_is_too_big(ages: list[tuple[int, float, float]]) -> None:
    wanted = [range_of(number, -start - length, -start) for number, start, length in ages]
    calls = plan(wanted, NOW)
    for call in calls:
        points = 2 * len(call.aws_distribution_ids) * (call.end - call.start).total_seconds() / call.period
        assert len(call.aws_distribution_ids) <= 250
        assert points <= DATAPOINTS
    for metric_range in wanted:
        assert any(
            metric_range.aws_distribution_id in call.aws_distribution_ids
            and call.start <= metric_range.start
            and metric_range.end <= call.end
            for call in calls
        )


def window(start: int, end: int | None, read: int | None = None, settled: bool = False) -> Window:
    def moment(number: int | None):
        return None if number is None else NOW + minutes(number)

    return Window.of(NOW + minutes(start), moment(end), minutes(2), moment(read), settled)


@pytest.mark.parametrize(
    ("windows", "until"),
    [
        pytest.param([], None, id="no windows"),
        pytest.param([window(0, None)], None, id="never read"),
        pytest.param([window(0, None, 30)], None, id="read in its first hour"),
        pytest.param([window(0, None, 90)], 30, id="on air"),
        pytest.param([window(0, 10, 90)], 12, id="over and read long after"),
        pytest.param([window(0, 10, 65)], 5, id="over and read soon after"),
        pytest.param([window(0, 10, 65), window(20, None)], 5, id="a later one was never read"),
        pytest.param([window(0, 10, 100), window(20, None, 100)], 40, id="a later one is on air"),
        pytest.param([window(0, 10, 90), window(20, None)], 12, id="only the first was read"),
        pytest.param([window(0, 10, settled=True), window(20, None)], 12, id="the first is settled"),
    ],
)
def test_complete_until_is_the_first_minute_that_may_still_change(
    windows: list[Window], until: int | None
) -> None:
    expected = None if until is None else NOW + minutes(until)
    assert complete_until(windows, HOUR) == expected


def test_an_open_window_is_read_from_the_first_minute_that_may_have_changed() -> None:
    assert window(-300, None, -10).to_read(NOW, HOUR, full=False) == (NOW - minutes(70), NOW)
    assert window(-300, None).to_read(NOW, HOUR, full=False) == (NOW - minutes(300), NOW)
    assert window(-300, -200, -10).to_read(NOW, HOUR, full=False) is None
    assert window(-300, -200, -10).to_read(NOW, HOUR, full=True) == (NOW - minutes(300), NOW - minutes(198))


def test_the_calls_of_idle_distributions_are_those_of_the_docs() -> None:
    day = [MetricRange(f"E{number}", NOW - 2 * DAY, NOW - DAY) for number in range(500)]
    calls, metrics = len(plan(day, NOW)) * len(READS), 2 * len(day) * len(READS)
    assert f"{metrics:,} metrics a day ({calls} calls," in DOCUMENT.read_text()
