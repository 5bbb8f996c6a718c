"""CloudWatch clients by region; every minute is published exactly 60 seconds late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from emulator.server import Handle

MAKE: dict[tuple[str, str], Any] = {}


@pytest.fixture
def metrics(aws: Handle) -> Callable[..., Any]:
    """`metrics(region)`: a CloudWatch client in that region, by default CloudFront's."""

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
def _publish_each_minute_after_60_seconds(aws: Handle) -> None:
    aws.control.publish_delay(least=60, most=60, late_share=0, grow_share=0)
