"""The collector against the embedded AWS: whatever CloudWatch does, final figures are the true ones."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing import jobs, metrics_collector
from billing.breakout_usage import breakout_usage
from billing.models import LedgerMinute
from billing.usage_window import floor_to
from channels_app.models import Breakout
from streamhub.errors import AccessDenied, Throttled
from tests.scenarios.collecting import HOUR, make_breakout, minutes, usage
from tests.scenarios.world import WorldUnderTest

E1, E2 = "E1AAAAAAAAAAAA", "E2BBBBBBBBBBBB"


@pytest.fixture
def cloud(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    settings.METRICS_FINAL_AFTER_SECONDS = 3600
    settings.USAGE_TAIL_SECONDS = 120
    return world


def collect(now: datetime) -> None:
    with jobs.COLLECT_METRICS.single() as run:
        assert run is not None
        metrics_collector.collect_metrics(run, now=now)


def until_final(row: Breakout, now: datetime) -> None:
    """Collect until the figures are final: each change that a full read finds delays them once more."""
    for hours in (0, 2, 4, 6):
        collect(now + hours * HOUR)
    row.refresh_from_db()


def deliver(world: WorldUnderTest, dice: random.Random, ids: list[str], start: datetime, count: int) -> None:
    world.control.deliver_all(
        (aws_id, dice.randrange(10**10), dice.randrange(10**5), start + minutes(n))
        for aws_id in ids
        for n in range(count)
        if dice.random() < 0.9
    )


def truth(world: WorldUnderTest, aws_id: str, start: datetime, end: datetime) -> tuple[int, int]:
    """Bytes and requests of the minutes from start to end."""
    amounts = world.control.truth(aws_id)["minutes"].items()
    within = [amount for minute, amount in amounts if start <= datetime.fromisoformat(minute) < end]
    return sum(amount["bytes"] for amount in within), sum(amount["requests"] for amount in within)


@pytest.mark.parametrize("seed", range(3))
def test_late_partial_and_growing_minutes_end_as_what_was_delivered(cloud: WorldUnderTest, seed: int) -> None:
    dice, now = random.Random(seed), timezone.now()
    start = floor_to(now) - minutes(90)
    row = make_breakout((E1, start + minutes(10), start + minutes(68)))  # and the tail: minutes 10 to 69
    cloud.control.scale(1)
    cloud.control.publish_delay(least=0, most=1500, late_share=0.3, grow_share=0.7)
    deliver(cloud, dice, [E1], start, 90)
    totals = []
    for _ in range(4):
        collect(now)
        totals.append(usage(row)[1] or 0)
        cloud.control.advance(300)
        now += minutes(5)
        deliver(cloud, dice, [E1], start + minutes(dice.randrange(60)), 3)  # more for minutes already read
    assert usage(row)[0] == "provisional"
    cloud.control.publish_all()
    until_final(row, now)
    expected = truth(cloud, E1, start + minutes(10), start + minutes(70))
    assert usage(row) == ("final", *expected)
    assert 0 < totals[-1] < expected[0]
    assert totals == sorted(totals)
    assert cloud.illegal() == []


def test_both_distributions_of_a_breakout_count_and_the_next_breakout_keeps_its_bytes(
    cloud: WorldUnderTest,
) -> None:
    dice, now = random.Random(5), timezone.now()
    start = floor_to(now) - 5 * HOUR
    first = make_breakout((E1, start, start + minutes(20)), (E2, start + minutes(20), start + minutes(40)))
    second = make_breakout((E2, start + minutes(44), start + minutes(60)))
    deliver(cloud, dice, [E1, E2], start, 80)
    cloud.control.publish_all()
    collect(now)
    collect(now + 2 * HOUR)
    on_old, on_new = (
        truth(cloud, E1, start, start + minutes(22)),
        truth(cloud, E2, start + minutes(20), start + minutes(42)),
    )
    assert usage(first) == ("final", on_old[0] + on_new[0], on_old[1] + on_new[1])
    assert usage(second) == ("final", *truth(cloud, E2, start + minutes(44), start + minutes(62)))


def test_all_pages_of_an_answer_count(cloud: WorldUnderTest) -> None:
    dice, now = random.Random(6), timezone.now()
    start = floor_to(now) - 5 * HOUR
    row = make_breakout((E1, start, start + minutes(58)))
    deliver(cloud, dice, [E1], start, 60)
    cloud.control.publish_all()
    cloud.control.console("cloudwatch", "set_page", points=7)
    until_final(row, now)
    assert usage(row) == ("final", *truth(cloud, E1, start, start + minutes(60)))
    assert cloud.counts()["cloudwatch:GetMetricData"] > 16


def test_after_weeks_without_a_collector_every_byte_is_read(cloud: WorldUnderTest) -> None:
    dice, now = random.Random(7), timezone.now()
    start = floor_to(now - timedelta(days=18), 3600)
    row = make_breakout((E1, start, start + minutes(58)))
    deliver(cloud, dice, [E1], start, 60)
    cloud.control.publish_all()
    until_final(row, now)
    assert usage(row) == ("final", *truth(cloud, E1, start, start + minutes(60)))
    assert set(LedgerMinute.objects.values_list("period_seconds", flat=True)) == {300}


def test_throttled_and_refused_calls_write_nothing_and_the_next_run_continues(cloud: WorldUnderTest) -> None:
    dice, now = random.Random(8), timezone.now()
    start = floor_to(now) - 5 * HOUR
    row = make_breakout((E1, start, start + minutes(58)))
    deliver(cloud, dice, [E1], start, 60)
    cloud.control.publish_all()
    for kind, error in (("throttle", Throttled), ("access_denied", AccessDenied)):
        cloud.control.fault("cloudwatch:GetMetricData", kind, times=5)
        with pytest.raises(error):
            collect(now)
        cloud.control.clear_faults()
    assert not LedgerMinute.objects.exists()
    until_final(row, now)
    assert usage(row) == ("final", *truth(cloud, E1, start, start + minutes(60)))


def test_the_report_adds_up_by_minute_and_by_distribution(cloud: WorldUnderTest) -> None:
    dice, now = random.Random(9), timezone.now()
    start = floor_to(now) - HOUR
    row = make_breakout((E1, start, start + minutes(20)), (E2, start + minutes(20), None), state="running")
    deliver(cloud, dice, [E1, E2], start, 59)
    cloud.control.publish_all()
    collect(now)
    row.refresh_from_db()
    report = breakout_usage(row)
    assert report.bytes_downloaded == row.usage_bytes_downloaded
    assert report.bytes_downloaded == sum(minute.bytes_downloaded for minute in report.minutes)
    assert report.bytes_downloaded == sum(usage.bytes_downloaded for usage in report.distributions)
    assert report.late_bytes == 0
    assert {minute.provisional for minute in report.minutes} == {True}
    assert report.open == ["The breakout is running: its figures still grow."]
