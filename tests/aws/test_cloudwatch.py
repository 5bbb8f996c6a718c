"""Requests to CloudWatch, and which series are complete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from streamhub.aws.cloudwatch import CloudWatch, MetricQuery, MetricSeries
from streamhub.aws.session import AwsCall, AwsSession
from tests.aws.stubs import REGION, meta

START = datetime(2025, 1, 1, 12, 0, tzinfo=UTC)
END = START + timedelta(minutes=3)
BYTES = MetricQuery(
    "b1", "AWS/CloudFront", "BytesDownloaded", {"DistributionId": "E1", "Region": "Global"}, "Sum", 60
)
REQUESTS = MetricQuery(
    "r1", "AWS/CloudFront", "Requests", {"DistributionId": "E1", "Region": "Global"}, "Sum", 60
)
EGRESS = MetricQuery("e1", "AWS/MediaPackage", "EgressBytes", {"Channel": "mp-1"}, "Sum", 60)

Stub = Callable[..., Stubber]


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def result(id: str, *points: tuple[datetime, float], status: str = "Complete") -> dict[str, Any]:
    moments, values = [point[0] for point in points], [point[1] for point in points]
    return {"Id": id, "Label": id, "Timestamps": moments, "Values": values, "StatusCode": status}


@pytest.fixture
def cloudwatch(session: AwsSession) -> CloudWatch:
    return CloudWatch(session)


def test_cloudfront_metrics_are_read_in_us_east_1(cloudwatch: CloudWatch, stub: Stub) -> None:
    stub("cloudwatch", "us-east-1").add_response(
        "get_metric_data",
        {"MetricDataResults": [result("b1", (minute(0), 5.0))]} | meta(),
        {
            "MetricDataQueries": [
                {
                    "Id": "b1",
                    "ReturnData": True,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/CloudFront",
                            "MetricName": "BytesDownloaded",
                            "Dimensions": [
                                {"Name": "DistributionId", "Value": "E1"},
                                {"Name": "Region", "Value": "Global"},
                            ],
                        },
                        "Period": 60,
                        "Stat": "Sum",
                    },
                }
            ],
            "StartTime": START,
            "EndTime": END,
            "ScanBy": "TimestampAscending",
        },
    )
    (series,) = cloudwatch.get_metric_data([BYTES], START, END)
    assert series == MetricSeries("b1", ((minute(0), 5.0),), True, "req-1")


def test_each_metric_is_read_in_its_region_and_returned_in_order(
    cloudwatch: CloudWatch, stub: Stub, calls: list[AwsCall]
) -> None:
    stub("cloudwatch").add_response(
        "get_metric_data", {"MetricDataResults": [result("e1", (minute(0), 1.0))]}
    )
    stub("cloudwatch", "us-east-1").add_response(
        "get_metric_data", {"MetricDataResults": [result("r1"), result("b1", (minute(1), 2.0))]}
    )
    series = cloudwatch.get_metric_data([BYTES, EGRESS, REQUESTS], START, END)
    assert [metric.id for metric in series] == ["b1", "e1", "r1"]
    assert [len(metric.points) for metric in series] == [1, 1, 0]
    assert sorted(call.region for call in calls) == [REGION, "us-east-1"]


def test_pages_are_joined_in_order_of_time(cloudwatch: CloudWatch, stub: Stub) -> None:
    stubber = stub("cloudwatch", "us-east-1")
    stubber.add_response(
        "get_metric_data",
        {"MetricDataResults": [result("b1", (minute(2), 3.0), status="PartialData")], "NextToken": "t"},
    )
    asked = {"MetricDataQueries": ANY, "StartTime": START, "EndTime": END, "ScanBy": ANY}
    stubber.add_response(
        "get_metric_data",
        {"MetricDataResults": [result("b1", (minute(0), 1.0), (minute(1), 2.0))]},
        asked | {"NextToken": "t"},
    )
    (series,) = cloudwatch.get_metric_data([BYTES], START, END)
    assert series.points == ((minute(0), 1.0), (minute(1), 2.0), (minute(2), 3.0))
    assert series.complete


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_a_partial_series_is_not_complete(cloudwatch: CloudWatch, stub: Stub, status: str) -> None:
    stub("cloudwatch", "us-east-1").add_response(
        "get_metric_data", {"MetricDataResults": [result("b1", (minute(0), 1.0), status=status)]}
    )
    (series,) = cloudwatch.get_metric_data([BYTES], START, END)
    assert not series.complete
    assert len(series.points) == 1


def test_a_query_without_an_answer_is_neither_zero_nor_complete(cloudwatch: CloudWatch, stub: Stub) -> None:
    stub("cloudwatch", "us-east-1").add_response("get_metric_data", {"MetricDataResults": []})
    assert cloudwatch.get_metric_data([BYTES], START, END) == (MetricSeries("b1", (), False, None),)


def test_a_message_for_the_whole_answer_makes_every_series_incomplete(
    cloudwatch: CloudWatch, stub: Stub
) -> None:
    stub("cloudwatch", "us-east-1").add_response(
        "get_metric_data",
        {"MetricDataResults": [result("b1")], "Messages": [{"Code": "MaxMetricsExceeded", "Value": "x"}]},
    )
    assert not cloudwatch.get_metric_data([BYTES], START, END)[0].complete


def test_times_are_utc_in_any_time_zone_of_the_answer(cloudwatch: CloudWatch, stub: Stub) -> None:
    berlin = timezone(timedelta(hours=1))
    stub("cloudwatch", "us-east-1").add_response(
        "get_metric_data", {"MetricDataResults": [result("b1", (minute(0).astimezone(berlin), 1.0))]}
    )
    ((moment, _value),) = cloudwatch.get_metric_data([BYTES], START, END)[0].points
    assert (moment, moment.tzinfo) == (minute(0), UTC)


def test_without_queries_nothing_is_sent(cloudwatch: CloudWatch, calls: list[AwsCall]) -> None:
    assert cloudwatch.get_metric_data([], START, END) == ()
    assert calls == []


def test_more_than_500_queries_or_duplicate_ids_are_an_error(cloudwatch: CloudWatch) -> None:
    many = [MetricQuery(f"q{n}", "N", "M", {}, "Sum", 60) for n in range(501)]
    for queries in (many, [BYTES, BYTES]):
        with pytest.raises(ValueError, match="at most 500"):
            cloudwatch.get_metric_data(queries, START, END)
