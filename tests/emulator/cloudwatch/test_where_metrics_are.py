"""The regions and dimensions of CloudWatch's metrics, and how long they exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emulator.server import Handle
from tests.emulator.clients import make_distribution

from .queries import GLOBAL, ID, ago, hour, query


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
    reversed_dimensions = query(dimensions=[GLOBAL, {"Name": "DistributionId", "Value": ID}])
    assert list(hour(metrics(), reversed_dimensions).values()) == [7.0]
    assert list(hour(metrics(), query(Unit="None")).values()) == [7.0]
    assert hour(metrics(), query(Unit="Bytes")) == {}


def test_metrics_outlive_their_distribution(
    aws: Handle, cloudfront: Any, metrics: Callable[..., Any]
) -> None:
    distribution = make_distribution(cloudfront)["Distribution"]
    aws.control.deliver(distribution["DomainName"], 99, 1, ago(hours=1))
    aws.control.console("cloudfront", "delete", Id=distribution["Id"], force=True)
    aws.control.publish_all()
    dimensions = [{"Name": "DistributionId", "Value": distribution["Id"]}, GLOBAL]
    assert list(hour(metrics(), query(dimensions=dimensions)).values()) == [99.0]
    assert aws.control.truth(distribution["DomainName"])["bytes"] == 99


def test_reset_discards_all_traffic(aws: Handle) -> None:
    aws.control.deliver(ID, 1)
    aws.control.reset()
    assert aws.control.truth(ID) == {"bytes": 0, "requests": 0, "minutes": {}}
