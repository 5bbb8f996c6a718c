"""CloudWatch: where its metrics are, what it refuses, and how late it tells the truth."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from emulator.control import ControlError
from emulator.minutes import Publication
from emulator.server import Handle

from .conftest import Refused, make_distribution

ID = "E1EXAMPLE00001"
GLOBAL = {"Name": "Region", "Value": "Global"}
MAKE: dict[tuple[str, str], Any] = {}


@pytest.fixture
def metrics(aws: Handle) -> Callable[..., Any]:
    """`metrics(region)`: a CloudWatch client there; CloudFront's region unless given."""

    def make(region: str = "us-east-1") -> Any:
        if (aws.url, region) not in MAKE:
            MAKE[aws.url, region] = boto3.session.Session().client(
                "cloudwatch",
                endpoint_url=aws.url,
                region_name=region,
                aws_access_key_id="embedded",
                aws_secret_access_key="embedded",
                config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
            )
        return MAKE[aws.url, region]

    return make


@pytest.fixture(autouse=True)
def _every_minute_takes_sixty_seconds(aws: Handle) -> None:
    aws.control.publish_delay(least=60, most=60, late_share=0, grow_share=0)


def ago(**span: float) -> datetime:
    """A whole minute so long ago."""
    return (datetime.now(UTC) - timedelta(**span)).replace(second=0, microsecond=0)


def query(query_id: str = "m", metric: str = "BytesDownloaded", **changes: Any) -> dict[str, Any]:
    dimensions = changes.pop("dimensions", [{"Name": "DistributionId", "Value": ID}, GLOBAL])
    named = {"Namespace": changes.pop("namespace", "AWS/CloudFront"), "MetricName": metric}
    stat = {"Metric": {**named, "Dimensions": dimensions}, "Period": 60, "Stat": "Sum", **changes}
    return {"Id": query_id, "MetricStat": stat}


def points(client: Any, *queries: dict[str, Any], start: datetime, end: datetime, **more: Any) -> Any:
    """{datetime: value} of the one query, or a list of them."""
    more.setdefault("ScanBy", "TimestampAscending")
    answer = client.get_metric_data(MetricDataQueries=list(queries), StartTime=start, EndTime=end, **more)
    found = [
        dict(zip((moment.astimezone(UTC) for moment in one["Timestamps"]), one["Values"], strict=True))
        for one in answer["MetricDataResults"]
    ]
    return found[0] if len(queries) == 1 else found


def hour(client: Any, *queries: dict[str, Any], **more: Any) -> Any:
    """What was published of the last two hours."""
    return points(client, *(queries or (query(),)), start=ago(hours=2), end=ago(minutes=-2), **more)


# -- where metrics are


def test_cloudfronts_metrics_are_in_us_east_1_only(aws: Handle, metrics: Callable[..., Any]) -> None:
    minute = ago(hours=1)
    aws.control.deliver(ID, 1234, 5, minute)
    aws.control.publish_all()
    assert hour(metrics(), query("b"), query("r", "Requests")) == [{minute: 1234.0}, {minute: 5.0}]
    assert hour(metrics("eu-central-1")) == {}


@pytest.mark.parametrize(
    "dimensions",
    [
        [],
        [{"Name": "DistributionId", "Value": ID}],
        [GLOBAL],
        [{"Name": "DistributionId", "Value": ID}, {"Name": "Region", "Value": "eu-central-1"}],
        [{"Name": "DistributionId", "Value": ID}, GLOBAL, {"Name": "More", "Value": "x"}],
        [{"Name": "DistributionId", "Value": "E9OTHER0000000"}, GLOBAL],
    ],
)
def test_a_metric_is_found_only_by_all_of_its_dimensions(
    aws: Handle, metrics: Callable[..., Any], dimensions: list[dict[str, str]]
) -> None:
    aws.control.deliver(ID, 1, 1, ago(hours=1))
    aws.control.publish_all()
    assert hour(metrics(), query(dimensions=dimensions)) == {}


def test_dimensions_may_come_in_any_order_and_the_unit_must_fit(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    aws.control.deliver(ID, 7, 1, ago(hours=1))
    aws.control.publish_all()
    turned = query(dimensions=[GLOBAL, {"Name": "DistributionId", "Value": ID}])
    assert list(hour(metrics(), turned).values()) == [7.0]
    assert list(hour(metrics(), query(Unit="None")).values()) == [7.0]
    assert hour(metrics(), query(Unit="Bytes")) == {}


def test_metrics_outlive_their_distribution(
    aws: Handle, cloudfront: Any, metrics: Callable[..., Any]
) -> None:
    made = make_distribution(cloudfront)["Distribution"]
    aws.control.deliver(made["DomainName"], 99, 1, ago(hours=1))
    aws.control.console("cloudfront", "delete", Id=made["Id"], force=True)
    aws.control.publish_all()
    dimensions = [{"Name": "DistributionId", "Value": made["Id"]}, GLOBAL]
    assert list(hour(metrics(), query(dimensions=dimensions)).values()) == [99.0]
    assert aws.control.truth(made["DomainName"])["bytes"] == 99


def test_reset_forgets_all_traffic(aws: Handle) -> None:
    aws.control.deliver(ID, 1)
    aws.control.reset()
    assert aws.control.truth(ID) == {"bytes": 0, "requests": 0, "minutes": {}}


# -- how late it is


def test_no_datapoint_before_the_delay_is_over_and_then_the_whole_minute(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    minute = ago(hours=1)
    aws.control.deliver(ID, 1000, 10, minute)
    aws.control.advance(59)
    assert hour(metrics()) == {}
    aws.control.advance(2)
    assert hour(metrics()) == {minute: 1000.0}


def test_the_present_minute_is_not_published_before_it_ends(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.publish_delay(least=30, most=30)
    aws.control.deliver(ID, 1000, 10)
    assert hour(metrics()) == {}
    aws.control.advance(91)
    assert list(hour(metrics()).values()) == [1000.0]


def test_a_minute_may_be_published_while_it_lasts_if_told_so(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    aws.control.publish_delay(least=0, most=0, after_minute=False)
    aws.control.deliver(ID, 1000, 10)
    assert list(hour(metrics()).values()) == [1000.0]


def test_some_minutes_are_late(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.publish_delay(least=10, most=100, late_share=0.3)
    minutes = [ago(minutes=5 + number) for number in range(60)]
    aws.control.deliver_all((ID, 1, 1, minute) for minute in minutes)
    seen = []
    for seconds in (9, 92, 200):
        aws.control.advance(seconds)
        seen.append(len(hour(metrics())))
    assert seen[0] == 0
    assert 20 <= seen[1] < 60
    assert seen[2] == 60


def test_what_is_published_only_grows_never_passes_the_truth_and_ends_there(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    aws.control.publish_delay(least=10, most=200, late_share=0.2, grow_share=0.5)
    truth = {ago(minutes=5 + number): 1_000_003 * (number + 1) for number in range(60)}
    aws.control.deliver_all((ID, count, 1, minute) for minute, count in truth.items())
    before: dict[datetime, float] = {}
    partial = 0
    for _ in range(40):
        aws.control.advance(25)
        now = hour(metrics())
        assert all(now[minute] >= value for minute, value in before.items())
        assert all(value <= truth[minute] for minute, value in now.items())
        partial += sum(value < truth[minute] for minute, value in now.items())
        before = now
    assert partial > 10
    assert before == truth


def test_late_bytes_raise_a_minute_that_was_published(aws: Handle, metrics: Callable[..., Any]) -> None:
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
    both = hour(metrics(), query("b"), query("r", "Requests"))
    assert [sum(one.values()) for one in both] == [truth["bytes"], truth["requests"]]
    assert truth["bytes"] == sum(12_345_678_901 + number for number in range(50))
    assert both[0] == {
        datetime.fromisoformat(at): one["bytes"] for at, one in truth["minutes"].items() if one["bytes"]
    }


def test_the_same_seed_draws_the_same_delays() -> None:
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


def test_impossible_delays_are_refused(aws: Handle) -> None:
    for wrong in ({"least": -1}, {"least": 5, "most": 4}, {"late_share": 2}, {"sooner": 1}):
        with pytest.raises(ControlError):
            aws.control.publish_delay(**wrong)


# -- GetMetricData


def test_the_start_is_rounded_down_to_the_period_and_the_end_is_not_included(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    noon = ago(days=1).replace(hour=12, minute=0)
    rows = [(ID, 10**number, 1, noon + timedelta(minutes=number)) for number in range(10)]
    aws.control.deliver_all(rows)
    aws.control.publish_all()
    late = timedelta(minutes=7, seconds=30)
    got = points(metrics(), query(Period=300), start=noon + timedelta(minutes=3), end=noon + late)
    assert got == {noon: 11111.0, noon + timedelta(minutes=5): 1111100000.0}
    minutes = points(metrics(), query(), start=noon + timedelta(seconds=59), end=noon + timedelta(minutes=2))
    assert minutes == {noon: 1.0, noon + timedelta(minutes=1): 10.0}


def test_other_statistics_are_over_the_minutes(aws: Handle, metrics: Callable[..., Any]) -> None:
    at = ago(days=1).replace(minute=0)
    aws.control.deliver_all((ID, count, 1, at + timedelta(minutes=count)) for count in (1, 2, 6))
    aws.control.publish_all()
    stats = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
    asked = [query(stat.lower(), Stat=stat, Period=3600) for stat in stats]
    got = points(metrics(), *asked, start=at, end=at + timedelta(hours=1))
    assert [one[at] for one in got] == [9.0, 3.0, 1.0, 6.0, 3.0]


@pytest.mark.parametrize(
    ("days", "enough", "too_short"), [(14, 60, None), (16, 300, 60), (64, 3600, 300), (456, None, 3600)]
)
def test_old_data_is_kept_for_longer_periods_only(
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


def test_scan_by_decides_the_order_newest_first_by_default(aws: Handle, metrics: Callable[..., Any]) -> None:
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
def test_pages_hold_every_point_once_and_say_which_series_is_not_complete(
    aws: Handle, metrics: Callable[..., Any], order: str, by_caller: bool
) -> None:
    aws.control.deliver_all((ID, number, 1, ago(minutes=10 + number)) for number in range(1, 26))
    aws.control.publish_all()
    more = {"MaxDatapoints": 10} if by_caller else {}
    if not by_caller:
        aws.control.console("cloudwatch", "set_page", points=10)
    asked = {
        "MetricDataQueries": [query("b"), query("none", "BytesUploaded"), query("r", "Requests")],
        "StartTime": ago(hours=2),
        "EndTime": ago(minutes=0),
        "ScanBy": order,
        **more,
    }
    pages = list(metrics().get_paginator("get_metric_data").paginate(**asked))
    got: dict[str, list[Any]] = {"b": [], "none": [], "r": []}
    states: dict[str, list[str]] = {"b": [], "none": [], "r": []}
    for page in pages:
        assert sum(len(one["Values"]) for one in page["MetricDataResults"]) <= 10
        for one in page["MetricDataResults"]:
            got[one["Id"]] += zip(one["Timestamps"], one["Values"], strict=True)
            states[one["Id"]].append(one["StatusCode"])
    assert len(pages) == 5
    assert sorted(value for _, value in got["b"]) == [float(number) for number in range(1, 26)]
    moments = [moment for moment, _ in got["r"]]
    assert moments == sorted(set(moments), reverse=order == "TimestampDescending")
    assert len(moments) == 25
    assert states["b"] == ["PartialData", "PartialData", "Complete"]
    assert states["none"] == ["Complete"]
    assert states["r"] == ["PartialData", "PartialData", "Complete"]


def test_a_page_begins_where_the_last_one_ended_whatever_was_published_in_between(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    aws.control.deliver_all((ID, number, 1, ago(minutes=10 + number)) for number in (2, 4, 6))
    aws.control.publish_all()
    asked = {
        "MetricDataQueries": [query()],
        "StartTime": ago(hours=1),
        "EndTime": ago(minutes=0),
        "MaxDatapoints": 2,
    }
    first = metrics().get_metric_data(**asked)
    aws.control.deliver_all((ID, number, 1, ago(minutes=10 + number)) for number in (3, 5))
    aws.control.publish_all()
    second = metrics().get_metric_data(**asked, NextToken=first["NextToken"])
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
def test_what_makes_no_sense_is_a_validation_error_and_counts_as_illegal(
    aws: Handle, metrics: Callable[..., Any], wrong: dict[str, Any]
) -> None:
    asked = {"MetricDataQueries": [query()], "StartTime": ago(hours=1), "EndTime": ago(minutes=0), **wrong}
    with Refused("ValidationError", 400):
        metrics().get_metric_data(**asked)
    assert aws.control.counts()["illegal"] == {"cloudwatch:GetMetricData": 1}


def test_expressions_are_said_to_be_missing(metrics: Callable[..., Any]) -> None:
    with Refused("NotImplemented", 501):
        hour(metrics(), {"Id": "m", "Expression": "SUM(METRICS())"})


def test_queries_that_return_no_data_are_left_out(aws: Handle, metrics: Callable[..., Any]) -> None:
    got = hour(metrics(), query("a"), {**query("b"), "ReturnData": False})
    assert got == [{}]


def test_calls_beyond_the_rate_are_throttled(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.limit("cloudwatch:GetMetricData", per_second=0.001, burst=1)
    hour(metrics())
    with Refused("Throttling", 400):
        hour(metrics())


# -- GetMetricStatistics, ListMetrics, PutMetricData


def statistics(client: Any, **changes: Any) -> list[dict[str, Any]]:
    asked = {
        "Namespace": "AWS/CloudFront",
        "MetricName": "BytesDownloaded",
        "Dimensions": [{"Name": "DistributionId", "Value": ID}, GLOBAL],
        "StartTime": ago(hours=2),
        "EndTime": ago(minutes=0),
        "Period": 60,
        "Statistics": ["Sum"],
        **changes,
    }
    return client.get_metric_statistics(**asked)["Datapoints"]


def test_statistics_of_one_metric(aws: Handle, metrics: Callable[..., Any]) -> None:
    minutes = [ago(minutes=number) for number in (20, 10)]
    aws.control.deliver_all((ID, 4, 1, minute) for minute in minutes)
    aws.control.publish_all()
    got = statistics(metrics(), Statistics=["Sum", "SampleCount"])
    assert {one["Timestamp"].astimezone(UTC) for one in got} == set(minutes)
    assert [(one["Sum"], one["SampleCount"], one["Unit"]) for one in got] == [(4.0, 1.0, "None")] * 2
    assert statistics(metrics("eu-central-1")) == []


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("InvalidParameterCombination", {"StartTime": ago(minutes=1441)}),
        ("InvalidParameterValue", {"Period": 61}),
        ("InvalidParameterValue", {"StartTime": ago(minutes=-1000)}),
        ("InvalidParameterValue", {"Statistics": ["Most"]}),
    ],
)
def test_statistics_that_make_no_sense_are_refused(
    metrics: Callable[..., Any], code: str, wrong: dict[str, Any]
) -> None:
    with Refused(code, 400):
        statistics(metrics(), **wrong)


def test_exactly_1440_points_are_allowed(metrics: Callable[..., Any]) -> None:
    assert statistics(metrics(), StartTime=ago(minutes=1440)) == []


def test_metrics_are_listed_where_they_are_once_they_are_published(
    aws: Handle, metrics: Callable[..., Any]
) -> None:
    aws.control.deliver(ID, 1, 1, ago(minutes=5))
    assert metrics().list_metrics()["Metrics"] == []
    aws.control.publish_all()
    listed = metrics().list_metrics(Dimensions=[{"Name": "DistributionId", "Value": ID}])["Metrics"]
    assert [one["MetricName"] for one in listed] == ["BytesDownloaded", "Requests"]
    assert listed[0]["Dimensions"] == [{"Name": "DistributionId", "Value": ID}, GLOBAL]
    assert metrics().list_metrics(MetricName="Requests", Namespace="AWS/CloudFront")["Metrics"] == listed[1:]
    assert metrics("eu-central-1").list_metrics()["Metrics"] == []


def test_metrics_are_listed_500_a_page(aws: Handle, metrics: Callable[..., Any]) -> None:
    aws.control.deliver_all((f"E{number:013}", 1, 1, ago(minutes=5)) for number in range(300))
    aws.control.publish_all()
    pages = list(metrics().get_paginator("list_metrics").paginate(Namespace="AWS/CloudFront"))
    assert [len(page["Metrics"]) for page in pages] == [500, 100]
    names = {(one["MetricName"], one["Dimensions"][0]["Value"]) for page in pages for one in page["Metrics"]}
    assert len(names) == 600


def test_clients_put_metrics_of_their_own_in_the_region_they_call(metrics: Callable[..., Any]) -> None:
    client, at = metrics("eu-west-1"), ago(minutes=3)
    put = {"MetricName": "Sweeps", "Unit": "Count", "Timestamp": at}
    client.put_metric_data(Namespace="StreamHub", MetricData=[{**put, "Value": 2.0}])
    client.put_metric_data(
        Namespace="StreamHub", MetricData=[{**put, "Values": [1.0, 5.0], "Counts": [2.0, 1.0]}]
    )
    asked = query(metric="Sweeps", namespace="StreamHub", dimensions=[], Unit="Count")
    assert hour(client, asked) == {at: 9.0}
    assert hour(client, query(metric="Sweeps", namespace="StreamHub", dimensions=[], Stat="Maximum")) == {
        at: 5.0
    }
    assert [one["MetricName"] for one in client.list_metrics(Namespace="StreamHub")["Metrics"]] == ["Sweeps"]
    assert hour(metrics(), asked) == {}


def test_nobody_writes_under_aws(metrics: Callable[..., Any]) -> None:
    with Refused("InvalidParameterValue", 400):
        metrics().put_metric_data(
            Namespace="AWS/CloudFront", MetricData=[{"MetricName": "BytesDownloaded", "Value": 1.0}]
        )


def test_a_sample_older_than_two_weeks_is_refused(metrics: Callable[..., Any]) -> None:
    with Refused("InvalidParameterValue", 400):
        metrics().put_metric_data(
            Namespace="StreamHub", MetricData=[{"MetricName": "a", "Value": 1.0, "Timestamp": ago(days=15)}]
        )


# -- speed


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
        """Real seconds of the service's own work for 500 queries of 60 minutes, the best of three."""
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
            assert sum(len(one["Values"]) for one in answer["MetricDataResults"]) == 30_000
        return best

    aws.run(lambda: fill(0, 500, 60))
    few = ask()
    aws.run(lambda: fill(500, 10_000, 2))
    assert ask() < 3 * few
