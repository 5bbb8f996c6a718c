"""A setting that is changed says nothing about what was before: what is final, or counted, stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.costs.usage.storage import storage_collect
from billing.usage_rows import ServiceUsage
from channels_app.models import Breakout
from recordings.models import Recording
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


def test_the_day_of_a_recording_counts_once_when_the_bucket_is_changed(settings: Any, db: None) -> None:
    row = make_breakout(("E1", NOW, NOW + minutes(10)))
    Recording.objects.create(breakout=row, key="one", size_bytes=730 * 2**30, modified_at=NOW - DAY)
    settings.RECORDING_BUCKET = "before"
    storage_collect(NOW)
    settings.RECORDING_BUCKET = "after"
    storage_collect(NOW + 2 * HOUR)
    storage_collect(NOW + DAY)
    rows = ServiceUsage.objects.order_by("start").values_list("start__day", "quantity")
    assert [(day, round(quantity)) for day, quantity in rows] == [(21, 4), (22, 24), (23, 20)]
