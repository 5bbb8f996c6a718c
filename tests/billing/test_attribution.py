"""Attribution: which breakout a minute goes to, as a table, and that every byte counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.attribution import Amount, Period, Span, attribute, owner, total_of
from tests.scenarios.collecting import totals

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def span(breakout: int, start: int, end: int | None) -> Span:
    return Span(breakout, at(start), None if end is None else at(end))


FIRST_MINUTE = Period(NOON, 60, 1000, 10)


@pytest.mark.parametrize(
    ("spans", "owner"),
    [
        ([], None),
        ([span(1, 0, 60)], 1),
        ([span(1, 59, 600)], 1),
        ([span(1, -600, 1)], 1),
        ([span(1, -600, 0)], None),
        ([span(1, 60, 120)], None),
        ([span(1, 30, None)], 1),
        ([span(1, -600, 20), span(2, 20, 600)], 2),
        ([span(1, -600, 40), span(2, 40, 600)], 1),
        ([span(1, -600, 30), span(2, 30, 600)], 1),
        ([span(2, 30, 600), span(1, -600, 30)], 1),
        ([span(1, -600, 90), span(2, 10, None)], 1),
        ([span(1, -600, 90), span(2, -5, None)], 1),
        ([span(1, 0, 10), span(1, 15, 30), span(2, 30, 60)], 2),
        ([span(1, 0, 600), span(2, 0, 600)], 1),
    ],
    ids=[
        "covered by none: unattributed",
        "covered by one",
        "covered in its last second",
        "covered in its first second",
        "an end on the boundary does not cover it",
        "a start on the next boundary does not cover it",
        "an open attachment covers everything after its start",
        "two: the later covers most",
        "two: the earlier covers most",
        "a tie goes to the earlier",
        "the order of the spans does not matter",
        "a tail that covers the whole minute keeps it",
        "both cover all of it: the earlier",
        "each attachment counts on its own",
        "same start: the lower id",
    ],
)
def test_a_minute_goes_to_one_breakout_or_none(spans: list[Span], owner: int | None) -> None:
    assert [breakout for _, breakout in attribute([FIRST_MINUTE], spans)] == [owner]


def test_an_attachment_of_no_length_gets_no_bytes_and_takes_none_from_others() -> None:
    """It was closed at the moment it was opened, in the middle of a minute."""
    empty = span(1, 30, 30)
    assert owner(FIRST_MINUTE, [empty]) is None
    assert owner(FIRST_MINUTE, [empty, span(2, 40, 600)]) == 2


@pytest.mark.parametrize(
    ("spans", "breakout"),
    [
        pytest.param([span(2, 20, 600), span(1, -600, 20)], 2, id="the one that covers most, though later"),
        pytest.param([span(2, 30, 600), span(1, -600, 30)], 1, id="of two that cover as much, the earlier"),
        pytest.param([span(2, 0, 60), span(1, 0, 60)], 1, id="of two with the same start, the lower id"),
    ],
)
def test_the_order_of_the_spans_does_not_matter(spans: list[Span], breakout: int) -> None:
    assert owner(FIRST_MINUTE, spans) == breakout


def test_a_longer_period_goes_to_the_breakout_that_covers_most_of_it() -> None:
    period = Period(NOON, 300, 1000, 10)
    spans = [span(1, -600, 140), span(2, 150, None)]
    assert [breakout for _, breakout in attribute([period], spans)] == [2]


def test_totals_distinguish_no_data_from_zero() -> None:
    sums = totals(attribute([Period(NOON, 60, 0, 0)], [span(1, 0, 60), span(2, 60, 120)]))
    assert sums == {1: Amount(0, 0, 1)}


moments = st.integers(-1000, 5000)
spans = st.lists(
    st.builds(
        lambda breakout, start, length: span(breakout, start, None if length is None else start + length),
        st.integers(1, 6),
        moments,
        st.none() | st.integers(1, 2000),
    ),
    max_size=12,
)
periods = st.lists(
    st.builds(
        lambda slot, downloaded, requests: Period(at(slot * 60), 60, downloaded, requests),
        st.integers(-10, 80),
        st.integers(0, 10**13),
        st.integers(0, 10**6),
    ),
    unique_by=lambda period: period.start,
    max_size=60,
)


@given(periods, spans)
def test_breakouts_and_unattributed_add_up_to_the_ledger(periods: list[Period], spans: list[Span]) -> None:
    sums = totals(attribute(periods, spans))
    whole = sum(sums.values(), Amount())
    assert whole == total_of(periods)


@given(periods, spans)
def test_no_breakout_covers_more_of_a_period_than_its_owner(periods: list[Period], spans: list[Span]) -> None:
    for period, breakout in attribute(periods, spans):
        longest = {
            span.breakout: span.covers(period.start, period.end)
            for span in sorted(spans, key=_coverage(period))
        }
        covering = {owner for owner, covered in longest.items() if covered > timedelta()}
        assert (breakout is None) == (not covering)
        if breakout is not None:
            assert longest[breakout] == max(longest.values())


def _coverage(period: Period):  # in this order the last span of a breakout is its longest
    return lambda span: span.covers(period.start, period.end)
