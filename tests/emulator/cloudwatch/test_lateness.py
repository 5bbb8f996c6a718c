"""How late CloudWatch publishes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from emulator.control import ControlError
from emulator.minutes import Publication
from emulator.server import Handle

from .queries import ID, ago, hour, query


def test_a_minute_is_published_whole_after_its_delay(aws: Handle, metrics: Callable[..., Any]) -> None:
    minute = ago(hours=1)
    aws.control.deliver(ID, 1000, 10, minute)
    aws.control.advance(59)
    assert hour(metrics()) == {}
    aws.control.advance(2)
    assert hour(metrics()) == {minute: 1000.0}


def test_a_minute_is_not_published_before_it_ends(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.publish_delay(least=30, most=30)
    aws.control.deliver(ID, 1000, 10)
    assert hour(metrics()) == {}
    aws.control.advance(91)
    assert list(hour(metrics()).values()) == [1000.0]


def test_without_after_minute_a_minute_can_be_published_before_it_ends(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    aws.control.publish_delay(least=0, most=0, after_minute=False)
    aws.control.deliver(ID, 1000, 10)
    assert list(hour(metrics()).values()) == [1000.0]


def test_a_share_of_the_minutes_is_late(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.publish_delay(least=10, most=100, late_share=0.3)
    minutes = [ago(minutes=5 + number) for number in range(60)]
    aws.control.deliver_all((ID, 1, 1, minute) for minute in minutes)
    published = []
    for seconds in (9, 92, 200):
        aws.control.advance(seconds)
        published.append(len(hour(metrics())))
    assert published[0] == 0
    assert 20 <= published[1] < 60
    assert published[2] == 60


def test_published_amounts_grow_to_the_truth_and_never_exceed_it(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    aws.control.publish_delay(least=10, most=200, late_share=0.2, grow_share=0.5)
    truth = {ago(minutes=5 + number): 1_000_003 * (number + 1) for number in range(60)}
    aws.control.deliver_all((ID, count, 1, minute) for minute, count in truth.items())
    before: dict[datetime, float] = {}
    partial = 0
    for _ in range(40):
        aws.control.advance(25)
        published = hour(metrics())
        assert all(published[minute] >= value for minute, value in before.items())
        assert all(value <= truth[minute] for minute, value in published.items())
        partial += sum(value < truth[minute] for minute, value in published.items())
        before = published
    assert partial > 10
    assert before == truth


def test_late_bytes_raise_a_published_minute_after_a_delay(aws: Handle, metrics: Callable[..., Any]) -> None:
    minute = ago(hours=1)
    aws.control.deliver(ID, 100, 1, minute)
    aws.control.publish_all()
    aws.control.deliver(ID, 23, 1, minute)
    assert hour(metrics()) == {minute: 100.0}
    aws.control.advance(61)
    assert hour(metrics()) == {minute: 123.0}


def test_after_publish_all_the_sum_is_the_truth(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.publish_delay(least=100, most=9999, late_share=0.5, grow_share=0.5)
    aws.control.deliver_all(
        (ID, 12_345_678_901 + number, number, ago(minutes=number)) for number in range(50)
    )
    aws.control.publish_all()
    truth = aws.control.truth(ID)
    series = hour(metrics(), query("b"), query("r", "Requests"))
    assert [sum(values.values()) for values in series] == [truth["bytes"], truth["requests"]]
    assert truth["bytes"] == sum(12_345_678_901 + number for number in range(50))
    assert series[0] == {
        datetime.fromisoformat(at): values["bytes"]
        for at, values in truth["minutes"].items()
        if values["bytes"]
    }


def test_the_same_seed_gives_the_same_delays() -> None:
    draw = Publication(least=1, most=9, late_share=0.3, grow_share=0.5).plan
    assert draw("1/E1/60/0", 0, 1) == draw("1/E1/60/0", 0, 1)
    assert draw("1/E1/60/0", 0, 1) != draw("2/E1/60/0", 0, 1)


def test_delays_are_scaled_and_metric_minutes_are_not(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.reset(scale=0.001)
    minute = ago(hours=1)
    aws.control.publish_delay(least=60, most=60, late_share=0, grow_share=0)
    aws.control.deliver(ID, 5, 1, minute)
    time.sleep(0.07)
    assert hour(metrics()) == {minute: 5.0}


def test_invalid_delays_are_refused(aws: Handle) -> None:
    for wrong in ({"least": -1}, {"least": 5, "most": 4}, {"late_share": 2}, {"sooner": 1}):
        with pytest.raises(ControlError):
            aws.control.publish_delay(**wrong)
