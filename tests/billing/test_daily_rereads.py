"""Whole days: bytes that belong to no breakout count too, and the sums hold for each distribution and day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import jobs
from billing.attribution import Amount
from billing.breakout_usage import breakout_usage
from billing.completeness import missing
from billing.models import DailySeries, LedgerHour, LedgerMinute
from billing.monthly_usage import statement_lines
from billing.rollup import ledger_rollup
from channels_app.models import Attachment, Breakout
from distributions.models import Distribution
from streamhub.errors import Throttled
from streamhub.lifecycle.claim import forget_free, take
from tests.scenarios.collecting import (
    HOUR,
    Collector,
    FakeCloudWatch,
    make_breakout,
    minutes,
    shares_of,
    usage,
)

DAY = timedelta(days=1)
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def test_each_whole_day_is_read_once_after_its_data_has_settled(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    make_breakout(("E1", FIRST + 12 * HOUR, FIRST + 13 * HOUR))
    cloudwatch.put("E1", FIRST + 3 * HOUR, 7)
    collecting.days(FIRST + DAY + minutes(59))
    assert cloudwatch.calls == []
    collecting.days(FIRST + DAY + HOUR)
    assert [(start, end) for _, start, end, _ in cloudwatch.calls] == [(FIRST, FIRST + DAY)]
    assert LedgerMinute.objects.get().bytes_downloaded == 7
    collecting.days(FIRST + DAY + 2 * HOUR)
    assert len(cloudwatch.calls) == 1


def test_missed_days_are_read_later_in_order(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    Distribution.objects.create(aws_distribution_id="E1", origin_url="https://x", created_at=FIRST)
    collecting.days(FIRST + 4 * DAY + HOUR)
    assert [start for _, start, _, _ in cloudwatch.calls] == [FIRST + n * DAY for n in range(4)]


def test_later_days_wait_for_a_day_that_could_not_be_read(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    Distribution.objects.create(aws_distribution_id="E1", origin_url="https://x", created_at=FIRST)
    cloudwatch.error, cloudwatch.error_after = Throttled("slow down"), 2
    with pytest.raises(Throttled):
        collecting.days(FIRST + 4 * DAY + HOUR)
    assert DailySeries.objects.get().next_day == (FIRST + 2 * DAY).date()
    cloudwatch.error = None
    collecting.days(FIRST + 4 * DAY + HOUR)
    assert DailySeries.objects.get().next_day == (FIRST + 4 * DAY).date()


def test_a_deleted_distribution_is_read_for_another_day(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    make_breakout(("E1", FIRST + 12 * HOUR, FIRST + 13 * HOUR))
    collecting.days(FIRST + 9 * DAY)
    assert [start for _, start, _, _ in cloudwatch.calls] == [FIRST, FIRST + DAY]


def test_breakouts_and_unattributed_add_up_to_the_day(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", FIRST + 12 * HOUR, FIRST + 13 * HOUR))
    for number in range(0, 24 * 60, 7):
        cloudwatch.put("E1", FIRST + minutes(number), number + 1)
    collecting.until_final(row, FIRST + 20 * HOUR)
    collecting.days(FIRST + DAY + HOUR)
    sums = shares_of("E1", FIRST, FIRST + DAY)
    assert sums[row.pk].bytes_downloaded == usage(row)[1]
    whole = sum(sums.values(), Amount())
    assert whole.bytes_downloaded == sum(n + 1 for n in range(0, 24 * 60, 7))


def test_bytes_published_after_final_are_shown_separately(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", FIRST + 12 * HOUR, FIRST + 13 * HOUR))
    cloudwatch.put("E1", FIRST + 12 * HOUR, 100, 1)
    collecting.until_final(row, FIRST + 20 * HOUR)
    cloudwatch.put("E1", FIRST + 12 * HOUR, 130, 3)
    collecting.days(FIRST + DAY + HOUR)
    collecting.run(FIRST + DAY + 2 * HOUR)
    assert usage(row) == ("final", 100, 1)
    report = breakout_usage(row)
    assert (report.bytes_downloaded, report.late_bytes, report.late_requests) == (100, 30, 2)
    assert sum(minute.bytes_downloaded for minute in report.minutes) == 130


def rollup(now: datetime) -> int:
    with jobs.LEDGER_ROLLUP.single() as run:
        assert run is not None
        return ledger_rollup(run, now=now)


def sums_of_statement() -> list[tuple[str, str, int, int]]:
    month = FIRST, FIRST + 30 * DAY
    lines = list(statement_lines(*month, missing(*month, FIRST + 200 * DAY)))
    assert lines[-1].status == "equals the ledger"
    return [(line.breakout, line.aws_distribution_id, line.bytes_downloaded, line.requests) for line in lines]


def fill(cloudwatch: FakeCloudWatch, aws_id: str = "E1") -> None:
    for number in range(0, 24 * 60):
        cloudwatch.put(aws_id, FIRST + minutes(number), number + 1)


def test_after_ninety_days_minutes_become_hours_and_no_sum_changes(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    first = make_breakout(("E1", FIRST + 12 * HOUR, FIRST + 12.5 * HOUR))
    second = make_breakout(("E1", FIRST + 12.6 * HOUR, FIRST + 14 * HOUR))
    fill(cloudwatch)
    collecting.days(FIRST + DAY + HOUR)
    now = collecting.until_final(first, FIRST + DAY + HOUR)
    collecting.days(FIRST + 6 * DAY)
    before, report = sums_of_statement(), breakout_usage(second)
    assert rollup(now + 89 * DAY) == 0
    assert rollup(now + 92 * DAY) == 1
    assert not LedgerMinute.objects.exists()
    assert LedgerHour.objects.count() == 24 + 2 + 1  # two hours have two owners, one has three
    assert sums_of_statement() == before
    first.refresh_from_db()
    second.refresh_from_db()
    after = breakout_usage(second)
    assert (after.bytes_downloaded, after.late_bytes) == (report.bytes_downloaded, 0)
    assert {minute.period_seconds for minute in after.minutes} == {3600}


def test_minutes_are_not_rolled_up_before_their_breakout_is_final(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    make_breakout(("E1", FIRST + 12 * HOUR, FIRST + 13 * HOUR), state="failed")
    fill(cloudwatch)
    collecting.days(FIRST + DAY + HOUR)
    assert rollup(FIRST + 200 * DAY) == 0


def test_a_rolled_up_hour_is_not_written_again(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    row = make_breakout(("E1", FIRST + 12 * HOUR, FIRST + 13 * HOUR))
    fill(cloudwatch)
    collecting.days(FIRST + DAY + HOUR)
    now = collecting.until_final(row, FIRST + DAY + HOUR)
    collecting.days(FIRST + 6 * DAY)
    before = sums_of_statement()
    rollup(now + 92 * DAY)
    DailySeries.objects.update(next_day=FIRST.date())
    collecting.days(now + 92 * DAY)
    assert sums_of_statement() == before


def test_the_statement_has_every_byte_once_and_checks_its_sum(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(
        ("E1", FIRST + 12 * HOUR, FIRST + 12.5 * HOUR), ("E2", FIRST + 12.5 * HOUR, FIRST + 13 * HOUR)
    )
    fill(cloudwatch)
    fill(cloudwatch, "E2")
    collecting.days(FIRST + DAY + HOUR)
    collecting.until_final(row, FIRST + DAY + HOUR)
    collecting.days(FIRST + 6 * DAY)
    day = FIRST, FIRST + DAY
    lines = list(statement_lines(*day, missing(*day, FIRST + 6 * DAY)))
    assert [(line.breakout, line.aws_distribution_id) for line in lines] == [
        (str(row.pk), "E1"),
        ("unattributed", "E1"),
        (str(row.pk), "E2"),
        ("unattributed", "E2"),
        ("sum", ""),
    ]
    assert lines[-1].bytes_downloaded == 2 * sum(range(1, 24 * 60 + 1))
    assert lines[-1].status == "equals the ledger"


def test_usage_outlives_the_distributions_row(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    distribution = Distribution.objects.create(aws_distribution_id="E1", origin_url="https://x")
    row = make_breakout(("E1", FIRST, FIRST + HOUR))
    Attachment.objects.update(distribution=distribution)
    cloudwatch.put("E1", FIRST, 5)
    forget_free(Distribution.objects.all(), why="gone")
    collecting.until_final(row, FIRST + 5 * HOUR)
    assert usage(row) == ("final", 5, 1)
    assert Breakout.objects.filter(attachments__aws_distribution_id="E1").exists()


MIDNIGHT = FIRST + 3 * DAY


def existing(created_at: datetime, aws_id: str = "E1") -> Distribution:
    return Distribution.objects.create(
        aws_distribution_id=aws_id, origin_url="https://x", created_at=created_at
    )


@pytest.mark.parametrize("seen", [True, False], ids=["seen by a run", "seen by none"])
@pytest.mark.parametrize("deleted", [True, False], ids=["deleted", "kept"])
def test_bytes_before_a_show_just_after_midnight_are_in_the_ledger(
    collecting: Collector, cloudwatch: FakeCloudWatch, seen: bool, deleted: bool
) -> None:
    existing(MIDNIGHT - 2 * DAY)
    if seen:
        collecting.days(MIDNIGHT - DAY - 2 * HOUR)
    row = make_breakout(("E1", MIDNIGHT + minutes(5), MIDNIGHT + HOUR))
    cloudwatch.put("E1", MIDNIGHT - DAY - HOUR, 3)  # the day without a show
    cloudwatch.put("E1", MIDNIGHT - minutes(10), 7)
    cloudwatch.put("E1", MIDNIGHT + minutes(10), 1000)
    if deleted:
        forget_free(Distribution.objects.all(), why="gone")
    collecting.until_final(row, MIDNIGHT + 5 * HOUR)
    collecting.days(MIDNIGHT + 6 * DAY)
    assert shares_of("E1", MIDNIGHT - 3 * DAY, MIDNIGHT + 2 * DAY) == {
        row.pk: Amount(1000, 1, 1),
        None: Amount(10, 2, 2),
    }


def test_a_show_whose_distribution_nobody_has_seen_is_read_from_an_hour_before_it(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    make_breakout(("E1", MIDNIGHT + minutes(5), MIDNIGHT + HOUR))
    cloudwatch.put("E1", MIDNIGHT - minutes(50), 7)
    collecting.days(MIDNIGHT + 6 * DAY)
    assert LedgerMinute.objects.get().bytes_downloaded == 7


def in_a_step() -> None:
    Distribution.objects.update(not_before=FIRST)
    claim = take(Distribution, Distribution.objects.get().pk)
    assert claim is not None
    claim.forget(why="gone")


def all_at_once() -> None:
    forget_free(Distribution.objects.all(), why="gone")


@pytest.mark.parametrize("forget", [in_a_step, all_at_once])
def test_a_distribution_that_is_deleted_while_no_job_runs_is_read_to_its_end(
    collecting: Collector, forget: Callable[[], object]
) -> None:
    distribution = existing(FIRST)
    collecting.days(FIRST + HOUR)
    with_clock = DailySeries.objects.get()
    assert with_clock.wanted_through == (FIRST + DAY).date()
    forget()
    assert not Distribution.objects.filter(pk=distribution.pk).exists()
    assert DailySeries.objects.get().wanted_through > (FIRST + DAY).date()


@pytest.mark.parametrize("seen", [True, False])
def test_the_queries_of_a_removal_do_not_grow_with_the_rows(collecting: Collector, seen: bool) -> None:
    counts = []
    for count in (1, 7):
        Distribution.objects.bulk_create(
            Distribution(aws_distribution_id=f"E{count}{n}", origin_url="https://x") for n in range(count)
        )
        if seen:
            collecting.days(FIRST + HOUR)
        with CaptureQueriesContext(connection) as queries:
            assert forget_free(Distribution.objects.all(), why="gone") == count
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert DailySeries.objects.count() == 8
