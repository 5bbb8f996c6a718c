"""GetMetricData: its results, its pages, its validation and its speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.server import Handle
from tests.emulator.clients import Refused

from .queries import GLOBAL, ID, ago, hour, points, query


def test_the_start_is_rounded_down_to_the_period_and_the_end_is_not_included(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    noon = ago(days=1).replace(hour=12, minute=0)
    rows = [(ID, 10**number, 1, noon + timedelta(minutes=number)) for number in range(10)]
    aws.control.deliver_all(rows)
    aws.control.publish_all()
    late = timedelta(minutes=7, seconds=30)
    by_period = points(metrics(), query(Period=300), start=noon + timedelta(minutes=3), end=noon + late)
    assert by_period == {noon: 11111.0, noon + timedelta(minutes=5): 1111100000.0}
    minutes = points(metrics(), query(), start=noon + timedelta(seconds=59), end=noon + timedelta(minutes=2))
    assert minutes == {noon: 1.0, noon + timedelta(minutes=1): 10.0}


def test_other_statistics_are_computed_from_the_minutes(aws: Handle, metrics: Callable[..., Any]) -> None:
    at = ago(days=1).replace(minute=0)
    aws.control.deliver_all((ID, count, 1, at + timedelta(minutes=count)) for count in (1, 2, 6))
    aws.control.publish_all()
    stats = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
    queries = [query(stat.lower(), Stat=stat, Period=3600) for stat in stats]
    series = points(metrics(), *queries, start=at, end=at + timedelta(hours=1))
    assert [values[at] for values in series] == [9.0, 3.0, 1.0, 6.0, 3.0]


@pytest.mark.parametrize(
    ("days", "enough", "too_short"), [(14, 60, None), (16, 300, 60), (64, 3600, 300), (456, None, 3600)]
)
def test_old_data_is_available_for_long_periods_only(
    aws: Handle, metrics: Callable[..., Any], days: int, enough: int | None, too_short: int | None
) -> None:
    minute = ago(days=days)
    aws.control.deliver(ID, 42, 1, minute)
    aws.control.publish_all()
    window = {"start": minute - timedelta(hours=1), "end": minute + timedelta(hours=1)}
    if enough:
        assert list(points(metrics(), query(Period=enough), **window).values()) == [42.0]
    if too_short:
        assert points(metrics(), query(Period=too_short), **window) == {}


def test_scan_by_sets_the_order_which_is_newest_first_by_default(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    minutes = [ago(minutes=number) for number in (30, 20, 10)]
    aws.control.deliver_all((ID, 1, 1, minute) for minute in minutes)
    aws.control.publish_all()
    assert list(hour(metrics())) == minutes
    assert list(hour(metrics(), ScanBy="TimestampDescending")) == minutes[::-1]
    window = {"StartTime": ago(hours=2), "EndTime": ago(minutes=0)}
    default = metrics().get_metric_data(MetricDataQueries=[query()], **window)["MetricDataResults"][0]
    assert [moment.astimezone(UTC) for moment in default["Timestamps"]] == minutes[::-1]


@pytest.mark.parametrize("order", ["TimestampAscending", "TimestampDescending"])
@pytest.mark.parametrize("by_caller", [True, False])
def test_pages_contain_every_point_once_and_mark_incomplete_series(
    aws: Handle, metrics: Callable[..., Any], order: str, by_caller: bool
) -> None:
    aws.control.deliver_all((ID, number, 1, ago(minutes=10 + number)) for number in range(1, 26))
    aws.control.publish_all()
    more = {"MaxDatapoints": 10} if by_caller else {}
    if not by_caller:
        aws.control.console("cloudwatch", "set_page", points=10)
    request = {
        "MetricDataQueries": [query("b"), query("none", "BytesUploaded"), query("r", "Requests")],
        "StartTime": ago(hours=2),
        "EndTime": ago(minutes=0),
        "ScanBy": order,
        **more,
    }
    pages = list(metrics().get_paginator("get_metric_data").paginate(**request))
    points_by_id: dict[str, list[Any]] = {"b": [], "none": [], "r": []}
    states: dict[str, list[str]] = {"b": [], "none": [], "r": []}
    for page in pages:
        assert sum(len(result["Values"]) for result in page["MetricDataResults"]) <= 10
        for result in page["MetricDataResults"]:
            points_by_id[result["Id"]] += zip(result["Timestamps"], result["Values"], strict=True)
            states[result["Id"]].append(result["StatusCode"])
    assert len(pages) == 5
    assert sorted(value for _, value in points_by_id["b"]) == [float(number) for number in range(1, 26)]
    moments = [moment for moment, _ in points_by_id["r"]]
    assert moments == sorted(set(moments), reverse=order == "TimestampDescending")
    assert len(moments) == 25
    assert states["b"] == ["PartialData", "PartialData", "Complete"]
    assert states["none"] == ["Complete"]
    assert states["r"] == ["PartialData", "PartialData", "Complete"]


def test_a_page_begins_where_the_last_one_ended_even_if_more_was_published(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    aws.control.deliver_all((ID, number, 1, ago(minutes=10 + number)) for number in (2, 4, 6))
    aws.control.publish_all()
    request = {
        "MetricDataQueries": [query()],
        "StartTime": ago(hours=1),
        "EndTime": ago(minutes=0),
        "MaxDatapoints": 2,
    }
    first = metrics().get_metric_data(**request)
    aws.control.deliver_all((ID, number, 1, ago(minutes=10 + number)) for number in (3, 5))
    aws.control.publish_all()
    second = metrics().get_metric_data(**request, NextToken=first["NextToken"])
    values = [page["MetricDataResults"][0]["Values"] for page in (first, second)]
    assert values == [[2.0, 4.0], [5.0, 6.0]]


def test_a_token_of_another_request_is_refused(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.deliver_all((ID, 1, 1, ago(minutes=10 + number)) for number in range(3))
    aws.control.publish_all()
    window = {"StartTime": ago(hours=1), "EndTime": ago(minutes=0), "MaxDatapoints": 1}
    token = metrics().get_metric_data(MetricDataQueries=[query()], **window)["NextToken"]
    for queries, tried in (([query("other")], token), ([query()], "nonsense"), ([query()], "W10=")):
        with Refused("InvalidNextToken", 400):
            metrics().get_metric_data(MetricDataQueries=queries, **window, NextToken=tried)


@pytest.mark.parametrize(
    "wrong",
    [
        {"MetricDataQueries": [query(f"m{number}") for number in range(501)]},
        {"MetricDataQueries": []},
        {"MetricDataQueries": [query("m"), query("m")]},
        {"MetricDataQueries": [query("M1")]},
        {"MetricDataQueries": [query("1m")]},
        {"MetricDataQueries": [query("a-b")]},
        {"MetricDataQueries": [query(Period=90)]},
        {"MetricDataQueries": [query(Period=30)]},
        {"MetricDataQueries": [query(Stat="Most")]},
        {"MetricDataQueries": [{"Id": "m"}]},
        {"MetricDataQueries": [{**query(), "Expression": "SUM(METRICS())"}]},
        {"MetricDataQueries": [{**query(), "ReturnData": False}]},
        {"StartTime": ago(minutes=5), "EndTime": ago(minutes=5)},
        {"MaxDatapoints": 100_801},
    ],
)
def test_an_invalid_request_is_a_validation_error_and_counts_as_illegal(
    aws: Handle, metrics: Callable[..., Any], wrong: dict[str, Any]
) -> None:
    request = {"MetricDataQueries": [query()], "StartTime": ago(hours=1), "EndTime": ago(minutes=0), **wrong}
    with Refused("ValidationError", 400):
        metrics().get_metric_data(**request)
    assert aws.control.counts()["illegal"] == {"cloudwatch:GetMetricData": 1}


def test_expressions_are_not_implemented(metrics: Callable[..., Any]) -> None:
    with Refused("NotImplemented", 501):
        hour(metrics(), {"Id": "m", "Expression": "SUM(METRICS())"})


def test_queries_that_return_no_data_are_left_out(aws: Handle, metrics: Callable[..., Any]) -> None:
    series = hour(metrics(), query("a"), {**query("b"), "ReturnData": False})
    assert series == [{}]


def test_calls_beyond_the_rate_are_throttled(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.limit("cloudwatch:GetMetricData", per_second=0.001, burst=1)
    hour(metrics())
    with Refused("Throttling", 400):
        hour(metrics())


def test_ten_thousand_series_answer_as_fast_as_five_hundred(
    aws: Handle,
) -> None:
    start = int(ago(minutes=61).timestamp())
    service: Any = aws.world.services["cloudwatch"]

    def fill(first: int, last: int, minutes: int) -> None:
        for number in range(first, last):
            series = service.traffic.of("AWS/CloudFront", f"E{number:013}")
            for minute in range(minutes):
                series.add(start + 60 * minute, (1_000_000, 10))
            series.publish()

    def ask() -> float:
        """Real seconds of the service's work for 500 queries of 60 minutes; the best of three runs."""
        params = {
            "MetricDataQueries": [
                query(
                    f"m{number}", dimensions=[{"Name": "DistributionId", "Value": f"E{number:013}"}, GLOBAL]
                )
                for number in range(500)
            ],
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(start + 3600, UTC),
        }
        best = 9.9
        aws.world.calling_region = "us-east-1"
        for _ in range(3):
            began = time.perf_counter()
            answer = aws.run(lambda: service.get_metric_data(params))
            best = min(best, time.perf_counter() - began)
            assert sum(len(result["Values"]) for result in answer["MetricDataResults"]) == 30_000
        return best

    aws.run(lambda: fill(0, 500, 60))
    few = ask()
    aws.run(lambda: fill(500, 10_000, 2))
    assert ask() < 3 * few
