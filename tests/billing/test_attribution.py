"""Whose is a minute: the table of DESIGN.md §5, and that every byte is counted once."""

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
        "touched by none: unattributed",
        "covered by one",
        "touched at its last second",
        "touched at its first second",
        "an end on the boundary does not touch it",
        "a start on the next boundary does not touch it",
        "an open attachment reaches on",
        "two: the later covers most",
        "two: the earlier covers most",
        "a tie goes to the earlier",
        "the order in which they are given does not matter",
        "a tail that still covers the whole minute keeps it",
        "both cover it all: the earlier",
        "attachments are weighed one by one",
        "started at once: the lower id",
    ],
)
def test_a_minute_goes_to_one_breakout_or_none(spans: list[Span], owner: int | None) -> None:
    assert [whose for _, whose in attribute([FIRST_MINUTE], spans)] == [owner]


def test_an_attachment_without_length_gets_nothing_and_hides_nobody() -> None:
    """One that was closed in the moment in which it was opened, in the middle of a minute."""
    at_once = span(1, 30, 30)
    assert owner(FIRST_MINUTE, [at_once]) is None
    assert owner(FIRST_MINUTE, [at_once, span(2, 40, 600)]) == 2


@pytest.mark.parametrize(
    ("spans", "whose"),
    [
        pytest.param([span(2, 20, 600), span(1, -600, 20)], 2, id="the one that covers most, though later"),
        pytest.param([span(2, 30, 600), span(1, -600, 30)], 1, id="of two that cover as much, the earlier"),
        pytest.param([span(2, 0, 60), span(1, 0, 60)], 1, id="of two that began at once, the lower id"),
    ],
)
def test_the_later_may_be_given_first(spans: list[Span], whose: int) -> None:
    assert owner(FIRST_MINUTE, spans) == whose


def test_a_longer_period_goes_whole_to_the_one_that_covers_most_of_it() -> None:
    period = Period(NOON, 300, 1000, 10)
    spans = [span(1, -600, 140), span(2, 150, None)]
    assert [whose for _, whose in attribute([period], spans)] == [2]


def test_totals_tell_no_data_from_zero() -> None:
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
def test_the_owner_covers_no_less_than_anybody_else(periods: list[Period], spans: list[Span]) -> None:
    for period, whose in attribute(periods, spans):
        most = {
            each.breakout: each.covers(period.start, period.end)
            for each in sorted(spans, key=_coverage(period))
        }
        touching = {breakout for breakout, covered in most.items() if covered > timedelta()}
        assert (whose is None) == (not touching)
        if whose is not None:
            assert most[whose] == max(most.values())


def _coverage(period: Period):  # the last one of a breakout in this order is its longest
    return lambda each: each.covers(period.start, period.end)
