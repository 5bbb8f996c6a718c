"""When to look next: few looks, near the end, and never none."""

from __future__ import annotations

import random

import pytest

from streamhub.lifecycle.look_plan import PARTS, Quantiles, beyond, latest, next_look

# Evenly between 150 and 400 seconds.
EVENLY = Quantiles(tuple(150 + 250 * part / 32 for part in range(33)))


def looks(quantiles: Quantiles, ends: float, look_cost: float) -> tuple[int, float]:
    """How many looks are made until one sees the end, and when that is."""
    made, waited = 0, 0.0
    while waited < ends:
        look = next_look(quantiles, waited, look_cost=look_cost)
        waited = beyond(waited, least=15, most=300) if look is None else look
        made += 1
    return made, waited


def mean_of(look_cost: float, cases: int = 300) -> tuple[float, float]:
    """Mean number of looks, and mean of the time seen over the time taken."""
    draw = random.Random(7)
    ends = [draw.uniform(150, 400) for _ in range(cases)]
    seen = [looks(EVENLY, end, look_cost) for end in ends]
    ratio = sum(at / end for (_, at), end in zip(seen, ends, strict=True)) / cases
    return sum(made for made, _ in seen) / cases, ratio


def test_quantiles_and_shares_are_each_others_inverse() -> None:
    assert EVENLY.at(0.5) == EVENLY.median == 275
    assert EVENLY.share_until(275) == pytest.approx(0.5)
    assert (EVENLY.share_until(100), EVENLY.share_until(500)) == (0, 1)


def test_the_first_look_is_after_the_earliest_end() -> None:
    look = next_look(EVENLY, 0, look_cost=8)
    assert look is not None
    assert 150 < look < 250


def test_three_looks_see_the_end_within_a_tenth_of_the_time() -> None:
    made, ratio = mean_of(0.03 * 275)
    assert made <= 3.2
    assert ratio <= 1.11


def test_dearer_looks_are_fewer_and_later() -> None:
    cheap, dear = mean_of(0.01 * 275), mean_of(0.2 * 275)
    assert cheap[0] > dear[0]
    assert cheap[1] < dear[1]


def test_what_nobody_waits_for_is_looked_at_once() -> None:
    made, _ = mean_of(3 * 275)
    assert made == 1


def test_a_look_that_is_made_anyway_replaces_one() -> None:
    planned = next_look(EVENLY, 0, look_cost=30)
    assert planned is not None
    free = planned - 5
    assert next_look(EVENLY, 0, look_cost=30, free_at=free) == free


def test_after_a_look_the_rest_is_planned() -> None:
    look = next_look(EVENLY, 300, look_cost=8)
    assert look is not None
    assert 300 < look <= 400


def test_a_look_is_always_later_than_now() -> None:
    for waited in range(0, 400, 7):
        look = next_look(EVENLY, waited, look_cost=8)
        assert look is None or look > waited


def test_beyond_everything_known_the_looks_become_rarer_up_to_the_full_list() -> None:
    assert next_look(EVENLY, 400, look_cost=8) is None
    assert beyond(40, least=15, most=300) == 55
    assert beyond(1000, least=15, most=300) == 1150
    assert beyond(10_000, least=15, most=300) == 10_300


def test_what_is_late_is_looked_at_soon_if_somebody_waits() -> None:
    assert latest(EVENLY, 380, hurried=True) == pytest.approx(380 * 1.15)
    assert latest(EVENLY, 380, hurried=False) == 380 * 1.5
    assert latest(EVENLY, 200, hurried=True) == 400


def test_the_rest_begins_where_it_was_seen_and_ends_where_all_ends() -> None:
    rest = EVENLY.remaining(275)
    assert rest is not None
    assert (len(rest.seconds), rest.seconds[0], rest.seconds[-1]) == (PARTS + 1, 275, 400)
