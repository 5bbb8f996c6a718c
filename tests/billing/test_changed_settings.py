"""A setting that is changed says nothing about what was before: what is final, or counted, stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channels_app.models import Breakout
from tests.scenarios.collecting import NOW, Collector, FakeCloudWatch, make_breakout, minutes, usage

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def watched(cloudwatch: FakeCloudWatch, count: int = 30) -> Breakout:
    """A show of ten minutes. Its distribution delivers 100 bytes in each of `count` minutes from then on."""
    for n in range(count):
        cloudwatch.put("E1", NOW + minutes(n), 100)
    return make_breakout(("E1", NOW, NOW + minutes(10)))


@pytest.mark.parametrize("seconds", [0, 600], ids=["shorter", "longer"])
def test_another_tail_does_not_make_bytes_of_final_shows_late(
    collecting: Collector, cloudwatch: FakeCloudWatch, settings: Any, seconds: int
) -> None:
    row = watched(cloudwatch)
    now = collecting.until_final(row, NOW + HOUR)
    assert usage(row) == ("final", 1200, 12)

    settings.USAGE_TAIL_SECONDS = seconds
    cloudwatch.put("E1", NOW + minutes(3), 101)
    collecting.days(now + 4 * DAY)
    collecting.run(now + 4 * DAY)

    assert usage(row) == ("final", 1200, 12)
    assert (row.usage_late_bytes, row.usage_late_requests) == (1, 0)
    assert row.usage_complete
