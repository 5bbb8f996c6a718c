"""Attribution: whose a minute is, as a table, and that every byte and every request counts once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.attribution import (
    Amount,
    Coverage,
    Period,
    Share,
    Span,
    Weight,
    Why,
    attribute,
    coarse_weights,
    shares,
    split,
)
from tests.scenarios.collecting import totals

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TAIL = timedelta(seconds=120)
NO_TAIL = timedelta()


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def span(breakout: int, start: int, end: int | None) -> Span:
    return Span(breakout, at(start), None if end is None else at(end))


def tailed(spans: Iterable[Span], tail: timedelta) -> list[Span]:
    return [replace(each, tail=tail) for each in spans]


def minute(number: int = 0, downloaded: int = 1000, requests: int = 10) -> Period:
    return Period(at(number * 60), 60, downloaded, requests)


def bytes_of(period: Period, spans: list[Span], tail: timedelta = NO_TAIL) -> dict[int | None, int]:
    ((_, its_shares),) = attribute([period], Coverage(tailed(spans, tail)))
    return {share.breakout: share.amount.bytes_downloaded for share in its_shares}


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        pytest.param([], {None: 1000}, id="covered by none: unattributed"),
        pytest.param([span(1, 0, 60)], {1: 1000}, id="covered by one"),
        pytest.param([span(1, 59, 600)], {1: 1000}, id="covered by one in its last second: all of it"),
        pytest.param([span(1, -600, 1)], {1: 1000}, id="covered by one in its first second: all of it"),
        pytest.param([span(1, -600, 0)], {None: 1000}, id="an end on the boundary does not cover it"),
        pytest.param([span(1, 60, 120)], {None: 1000}, id="a start on the next boundary does not cover it"),
        pytest.param([span(1, 30, None)], {1: 1000}, id="an open one covers everything after its start"),
        pytest.param([span(1, -600, 15), span(2, 15, 600)], {1: 250, 2: 750}, id="two: by seconds"),
        pytest.param([span(2, 15, 600), span(1, -600, 15)], {1: 250, 2: 750}, id="in any order"),
        pytest.param([span(1, -600, 10), span(2, 30, 600)], {1: 250, 2: 750}, id="the gap counts for none"),
        pytest.param(
            [span(1, 0, 10), span(2, 10, 20), span(3, 20, 60)], {1: 167, 2: 167, 3: 666}, id="three"
        ),
        pytest.param(
            [span(1, 0, 10), span(2, 10, 20), span(1, 20, 60)], {1: 833, 2: 167}, id="attached twice"
        ),
        pytest.param([span(1, -600, 60), span(2, 0, 60)], {1: 500, 2: 500}, id="both cover all of it"),
    ],
)
def test_a_minute_is_split_by_seconds_of_coverage(spans: list[Span], expected: dict[int | None, int]) -> None:
    assert bytes_of(minute(), spans) == expected


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        pytest.param([span(1, -600, -120)], {None: 1000}, id="the tail ends before"),
        pytest.param([span(1, -600, -119)], {1: 1000}, id="the tail's last second covers it"),
        pytest.param([span(1, -600, -5), span(2, 0, 600)], {2: 1000}, id="the next show cuts the tail"),
        pytest.param([span(1, -600, -5), span(2, 30, 600)], {1: 500, 2: 500}, id="it cuts it in the minute"),
        pytest.param([span(1, -600, 30), span(2, 15, 600)], {1: 400, 2: 600}, id="both on air: no tail"),
        pytest.param([span(1, -600, -5), span(2, 60, 600)], {1: 1000}, id="a later one cuts nothing here"),
        pytest.param([span(1, -100, -100), span(2, 60, None)], {1: 1000}, id="no length: only the tail"),
    ],
)
def test_a_tail_ends_where_the_next_attachment_begins(
    spans: list[Span], expected: dict[int | None, int]
) -> None:
    assert bytes_of(minute(), spans, TAIL) == expected


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (10, [1, 1], [5, 5]),
        (11, [1, 1], [6, 5]),
        (1, [1, 1, 1], [1, 0, 0]),
        (2, [1, 1, 1], [1, 1, 0]),
        (100, [1, 2], [33, 67]),
        (0, [1, 2], [0, 0]),
        (7, [5], [7]),
        (10**18 + 1, [30_000_000, 30_000_000], [5 * 10**17 + 1, 5 * 10**17]),
    ],
)
def test_units_are_whole_and_a_tie_goes_to_the_earlier(
    total: int, weights: list[int], expected: list[int]
) -> None:
    assert split(total, weights) == expected


def test_bytes_and_requests_are_split_on_their_own() -> None:
    assert shares(Amount(11, 3, 1), [Weight(1, 1), Weight(2, 1)]) == [
        Share(1, Amount(6, 2, 1)),
        Share(2, Amount(5, 1, 1)),
    ]


def test_a_shared_minute_that_grows_keeps_its_shares() -> None:
    spans = [span(1, -600, 15), span(2, 15, 600)]
    assert bytes_of(minute(downloaded=1000), spans) == {1: 250, 2: 750}
    assert bytes_of(minute(downloaded=1400), spans) == {1: 350, 2: 1050}


# --- longer periods --------------------------------------------------------------------------

FIVE_MINUTES = Period(NOON, 300, 1000, 10)


@pytest.mark.parametrize(
    ("known", "spans", "expected"),
    [
        pytest.param([], [span(1, -600, 75), span(2, 75, None)], {1: 75, 2: 225}, id="by coverage"),
        pytest.param([], [span(1, 120, 180)], {1: 60}, id="one show"),
        pytest.param([], [], {}, id="none"),
        pytest.param([0, 1], [span(1, 0, 120), span(2, 120, 300)], {2: 180}, id="only what is not known"),
        pytest.param([0, 1], [span(1, 0, 120)], {}, id="what is not known is nobody's"),
        pytest.param([0, 2], [span(1, 0, 90), span(2, 90, None)], {1: 30, 2: 150}, id="in between"),
        pytest.param(
            [0, 1, 2, 3, 4], [span(1, 0, 60), span(2, 60, None)], {1: 60, 2: 240}, id="all is known"
        ),
    ],
)
def test_a_longer_period_is_split_by_the_time_of_which_no_minute_is_known(
    known: list[int], spans: list[Span], expected: dict[int, int]
) -> None:
    weights = coarse_weights(FIVE_MINUTES, [minute(n) for n in known], Coverage(spans))
    assert {weight.breakout: weight.microseconds // 10**6 for weight in weights} == expected


def test_minutes_inside_a_longer_period_stay_what_they_are() -> None:
    """The longer one holds only the difference, and minutes of the next period do not count as inside."""
    spans = [span(1, 0, 60), span(2, 60, None)]
    periods = [FIVE_MINUTES, minute(0, 400), minute(5, 70)]
    assert {
        key: amount.bytes_downloaded for key, amount in totals(attribute(periods, Coverage(spans))).items()
    } == {
        1: 400,
        2: 1070,
    }


# --- segments --------------------------------------------------------------------------------


def test_an_unattributed_minute_says_why() -> None:
    coverage = Coverage(tailed([span(1, 0, 600)], TAIL))
    assert coverage.why(at(-60)) == Why.REHEARSAL
    assert coverage.why(at(-3600)) == Why.REHEARSAL
    assert coverage.why(at(-3660)) == Why.NOBODY
    assert coverage.why(at(720)) == Why.TAIL
    assert coverage.why(at(720 + 14 * 60)) == Why.TAIL
    assert coverage.why(at(720 + 15 * 60)) == Why.NOBODY


def test_each_show_has_its_own_tail() -> None:
    early, late = replace(span(1, 0, 30), tail=TAIL), span(2, 600, 630)
    coverage = Coverage([early, late])
    assert coverage.weights(at(0), at(1200)) == (Weight(1, 150 * 10**6), Weight(2, 30 * 10**6))


def test_a_tail_comes_before_the_rehearsal_of_the_next_show() -> None:
    assert Coverage(tailed([span(1, 0, 600), span(2, 1800, None)], TAIL)).why(at(780)) == Why.TAIL


def test_segments_are_cut_where_the_coverage_changes_and_at_midnight() -> None:
    night = datetime(2026, 11, 22, 23, 50, tzinfo=UTC)
    coverage = Coverage(tailed([Span(1, night + timedelta(seconds=90), None)], TAIL))
    segments = list(coverage.segments(night, night + timedelta(minutes=20)))
    assert [(segment.start - night) // timedelta(minutes=1) for segment in segments] == [0, 1, 2, 10]
    assert [segment.sole for segment in segments] == [None, None, 1, 1]
    assert [len(segment.weights) for segment in segments] == [0, 1, 1, 1]


# --- invariants ------------------------------------------------------------------------------

moments = st.integers(-1000, 5000)
spans_of = st.lists(
    st.builds(
        lambda breakout, start, length: span(breakout, start, None if length is None else start + length),
        st.integers(1, 6),
        moments,
        st.none() | st.integers(0, 2000),
    ),
    max_size=12,
)
tails = st.sampled_from([0, 1, 60, 120, 600]).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def ledgers(draw: st.DrawFn) -> list[Period]:
    """Minutes, and longer periods on their boundaries, each with what the shorter ones do not hold."""
    slots = {60: st.integers(-16, 80), 300: st.integers(-3, 16), 3600: st.integers(-1, 1)}
    return [
        Period(at(slot * seconds), seconds, draw(st.integers(0, 10**13)), draw(st.integers(0, 10**6)))
        for seconds, numbers in slots.items()
        for slot in draw(st.sets(numbers, max_size=40))
    ]


@given(ledgers(), spans_of, tails)
def test_breakouts_and_unattributed_add_up_to_the_ledger(
    periods: list[Period], spans: list[Span], tail: timedelta
) -> None:
    whole = sum(totals(attribute(periods, Coverage(tailed(spans, tail)))).values(), Amount())
    assert whole.bytes_downloaded == sum(period.bytes_downloaded for period in periods)
    assert whole.requests == sum(period.requests for period in periods)


@given(ledgers(), spans_of, tails)
def test_segments_give_the_same_as_minute_by_minute(
    periods: list[Period], spans: list[Span], tail: timedelta
) -> None:
    """The database sums segments; that must be the rule."""
    minutes = [period for period in periods if period.seconds == 60]
    coverage = Coverage(tailed(spans, tail))
    found: dict[int | None, Amount] = {}
    for segment in coverage.segments(at(-1200), at(6000), reasons=True):
        inside = [period for period in minutes if segment.start <= period.start < segment.end]
        amount = sum((Amount(each.bytes_downloaded, each.requests, 1) for each in inside), Amount())
        assert bool(segment.weights) == (segment.why is None)
        for share in shares(amount, segment.weights):
            found[share.breakout] = found.get(share.breakout, Amount()) + share.amount
    expected = totals(attribute(minutes, coverage))
    assert {key: amount for key, amount in found.items() if amount.periods} == expected


@given(ledgers(), spans_of, tails)
def test_nobody_gets_a_minute_that_he_does_not_cover(
    periods: list[Period], spans: list[Span], tail: timedelta
) -> None:
    for period, its_shares in attribute(periods, Coverage(tailed(spans, tail))):
        for share in its_shares:
            covering = [
                each
                for each in spans
                if each.start < period.end and (each.end is None or each.end + tail > period.start)
            ]
            if share.breakout is not None:
                assert share.breakout in {each.breakout for each in covering}
            elif not period.approximate:
                assert not [each for each in covering if each.end is None or each.end > period.start]


@given(st.integers(0, 10**15), st.lists(st.integers(1, 60_000_000), min_size=1, max_size=8))
def test_a_share_is_less_than_one_unit_away_from_its_weight(total: int, weights: list[int]) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)
