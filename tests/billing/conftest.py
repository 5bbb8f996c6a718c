"""A collector that reads from a fake CloudWatch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.collecting import Collector, FakeCloudWatch


@pytest.fixture
def cloudwatch() -> FakeCloudWatch:
    return FakeCloudWatch()


@pytest.fixture
def collecting(db: None, cloudwatch: FakeCloudWatch, settings: Any) -> Collector:
    settings.METRICS_FINAL_AFTER_SECONDS = 3600
    settings.USAGE_TAIL_SECONDS = 120
    return Collector(cloudwatch)
