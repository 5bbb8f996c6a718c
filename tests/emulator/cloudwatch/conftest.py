"""CloudWatch clients by region, and metrics that are a minute late to the second."""

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
