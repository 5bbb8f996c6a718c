"""The collector against a fake CloudWatch: what is read, written, settled and final."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone

from billing import alarms, metrics_collector, tasks
from billing.breakout_usage import breakout_usage
from billing.ledger import ledger_write
from billing.ledger_merge import MetricReading
from billing.models import CollectionWindow, DailySeries, LedgerMinute, LedgerShortfall
from billing.publication_delay import quiet_time
from channels_app.models import Attachment, Breakout
from streamhub.errors import AccessDenied, Throttled
from streamhub.lifecycle.models import Job
from tests.scenarios.collecting import HOUR, NOW, Collector, FakeCloudWatch, make_breakout, minutes, usage


def test_a_breakout_goes_from_pending_over_provisional_to_final(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - minutes(10), None), state="running")
    collecting.run(NOW)
    assert usage(row) == ("pending", None, None)
    cloudwatch.put("E1", NOW - minutes(9), 1000, 10)
    collecting.run(NOW + minutes(15))
    assert usage(row) == ("provisional", 1000, 10)
    Attachment.objects.update(ended_at=NOW + minutes(5))
    Breakout.objects.update(state="completed")
    cloudwatch.put("E1", NOW + minutes(6), 500, 5)  # in the tail
    cloudwatch.put("E1", NOW + minutes(7), 70, 7)  # after it
    collecting.run(NOW + minutes(22))
    assert usage(row) == ("provisional", 1500, 15)
    collecting.run(NOW + minutes(7) + HOUR)  # late enough, but something changed within the hour
    assert usage(row) == ("provisional", 1500, 15)
    collecting.run(NOW + minutes(22) + HOUR)
    assert usage(row) == ("final", 1500, 15)
    assert row.usage_complete_until == NOW + minutes(7)


def test_no_datapoint_is_suspect_and_final_with_zero_only_when_its_days_are_done(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - minutes(30), NOW - minutes(10)))
    collecting.run(NOW)
    assert usage(row) == ("provisional", None, None)
    assert not row.usage_suspect
    for hours in (1, 2, 4, 8, 24, 72):
        collecting.run(NOW + hours * HOUR)
        collecting.days(NOW + hours * HOUR)
        assert usage(row) == ("provisional", None, None)
        assert row.usage_suspect
    collecting.days(NOW.replace(hour=0) + timedelta(days=4) + HOUR)
    assert usage(row) == ("final", 0, 0)
    assert (row.usage_suspect, row.usage_complete) == (False, True)
    assert not LedgerMinute.objects.exists()


def test_a_silent_hour_is_not_zero(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    """Half an hour of show, of which everything is published 95 minutes late."""
    start = NOW
    row = make_breakout(("E1", start, start + minutes(30)))
    now = start
    for number in range(0, 360, 5):
        now = start + minutes(number)
        for published in range(max(0, number - 100), min(30, number - 95)):
            cloudwatch.put("E1", start + minutes(published), 10**9)
        collecting.run(now)
    assert usage(row) == ("final", 30 * 10**9, 30)
    assert not row.usage_suspect
    assert quiet_time(now) > minutes(95)


def test_zero_datapoints_are_zero_viewers(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    row = make_breakout(("E1", NOW - 2 * HOUR, NOW - 1.5 * HOUR))
    cloudwatch.put("E1", NOW - 1.75 * HOUR, 0, 0)
    collecting.until_final(row, NOW)
    assert usage(row) == ("final", 0, 0)
    assert breakout_usage(row).data == "zero_viewers"


def test_a_neighbours_minute_is_no_datapoint_of_ones_own(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    first = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2.01 * HOUR))
    second = make_breakout(("E1", NOW - 2.01 * HOUR, NOW - 1.5 * HOUR))
    for number in range(60):
        cloudwatch.put("E1", NOW - 3 * HOUR + minutes(number), 100)
    for hours in range(4):
        collecting.run(NOW + hours * HOUR)
    assert usage(first)[0] == "final"
    assert usage(second)[0] == "provisional"
    assert second.usage_suspect


def test_without_a_distribution_id_nothing_is_final_for_four_days(collecting: Collector) -> None:
    row = make_breakout(("", NOW - 2 * HOUR, NOW - HOUR))
    collecting.run(NOW)
    assert usage(row) == ("provisional", None, None)
    assert breakout_usage(row).data == "no_distribution"
    collecting.run(NOW + timedelta(days=3))
    assert usage(row)[0] == "provisional"
    collecting.days(NOW.replace(hour=0) + timedelta(days=4) + HOUR)
    assert usage(row) == ("final", 0, 0)


def test_late_datapoints_raise_a_minute_and_delay_final(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - minutes(30), NOW - minutes(10)))
    cloudwatch.put("E1", NOW - minutes(20), 100)
    collecting.run(NOW)
    cloudwatch.put("E1", NOW - minutes(20), 175, 3)
    collecting.run(NOW + minutes(50))
    assert usage(row) == ("provisional", 175, 3)
    collecting.run(NOW + minutes(70))
    assert usage(row)[0] == "provisional"
    collecting.run(NOW + minutes(110))
    assert usage(row) == ("final", 175, 3)


def test_a_correction_downwards_is_taken(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    row = make_breakout(("E1", NOW - minutes(30), None), state="running")
    cloudwatch.put("E1", NOW - minutes(20), 100, 9)
    collecting.run(NOW)
    cloudwatch.put("E1", NOW - minutes(20), 90, 10)
    collecting.run(NOW + minutes(100))
    assert usage(row) == ("provisional", 90, 10)


def test_what_an_older_answer_says_does_not_replace_a_newer_one(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    make_breakout(("E1", NOW - minutes(30), None), state="running")
    cloudwatch.put("E1", NOW - minutes(20), 100)
    collecting.run(NOW)
    older = [MetricReading("E1", NOW - minutes(20), 60, 40, 1)]
    assert ledger_write(older, NOW - minutes(1)).changed == 0
    assert ledger_write(older, NOW + minutes(1)).changed == 1


def test_after_final_corrections_of_both_signs_are_late(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR))
    cloudwatch.put("E1", NOW - 2.5 * HOUR, 100, 10)
    collecting.until_final(row, NOW)
    for published, late, hours in ((130, (30, 2), 1), (60, (-40, -5), 2)):
        cloudwatch.put("E1", NOW - 2.5 * HOUR, published, 10 + late[1])
        DailySeries.objects.update(next_day=NOW.date())
        collecting.days(NOW + timedelta(days=2, hours=hours))
        collecting.run(NOW + timedelta(days=2, hours=hours))
        assert usage(row) == ("final", 100, 10)
        assert (row.usage_late_bytes, row.usage_late_requests) == late
        report = breakout_usage(row)
        assert (report.bytes_downloaded, report.late_bytes, report.late_requests) == (100, *late)


def test_a_metric_published_alone_does_not_set_the_other_to_zero(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - minutes(30), None), state="running")
    cloudwatch.put("E1", NOW - minutes(20), 100, None)
    collecting.run(NOW)
    cloudwatch.put("E1", NOW - minutes(20), None, 7)
    collecting.run(NOW + minutes(100))
    assert usage(row) == ("provisional", 100, 7)


def test_breakouts_back_to_back_share_a_minute_but_no_byte(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    start = NOW - 3 * HOUR
    change = start + minutes(10.25)  # the tail of the first ends where the second begins
    first = make_breakout(("E1", start, change))
    second = make_breakout(("E1", change + timedelta(seconds=15), start + minutes(20)))
    for number in range(25):
        cloudwatch.put("E1", start + minutes(number), 2**number, 1)
    collecting.run(NOW)
    collecting.run(NOW + HOUR)
    # Minute 10: 30 seconds each. Of its only request the earlier show gets the whole.
    assert usage(first) == ("final", 2**10 - 1 + 2**9, 11)
    assert usage(second) == ("final", 2**22 - 2**11 + 2**9, 11)


def test_a_distribution_replaced_during_the_breakout_counts_with_both(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    start = NOW - 3 * HOUR
    row = make_breakout(("E1", start, start + minutes(10)), ("E2", start + minutes(10), start + minutes(30)))
    cloudwatch.put("E1", start + minutes(11), 100)  # viewers who are still on the old one
    cloudwatch.put("E2", start + minutes(11), 23)
    cloudwatch.put("E2", start + minutes(40), 9999)
    collecting.run(NOW)
    collecting.run(NOW + HOUR)
    assert usage(row) == ("final", 123, 2)
    report = breakout_usage(row)
    assert [(usage.aws_distribution_id, usage.bytes_downloaded) for usage in report.distributions] == [
        ("E1", 100),
        ("E2", 23),
    ]


def test_a_collector_that_was_down_for_days_catches_up(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - minutes(90), None), state="running")
    collecting.run(NOW - minutes(80))
    for number in range(1, 80):
        cloudwatch.put("E1", NOW - minutes(number), 1)
    Attachment.objects.update(ended_at=NOW)
    Breakout.objects.update(state="completed")
    later = NOW + 3 * 24 * HOUR
    collecting.run(later)
    assert usage(row) == ("provisional", 79, 79)
    collecting.run(later + HOUR)
    assert usage(row) == ("final", 79, 79)


def test_after_fifteen_days_longer_periods_add_what_their_minutes_lack(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    start = NOW
    row = make_breakout(("E1", start, start + minutes(18)))
    for number in range(20):
        cloudwatch.put("E1", start + minutes(number), 100)
    cloudwatch.put("E1", start + minutes(30), 5)
    halfway = {key: cloudwatch.data.pop(key) for key in list(cloudwatch.data) if key[1] > start + minutes(6)}
    collecting.run(start + minutes(25))
    assert usage(row) == ("provisional", 700, 7)
    assert not row.usage_approximate
    cloudwatch.data |= halfway
    much_later = start + timedelta(days=20)
    collecting.run(much_later)
    assert cloudwatch.calls[-1][3] == 300
    collecting.run(much_later + HOUR)
    assert usage(row) == ("final", 2000, 20)
    assert row.usage_approximate
    rows = LedgerMinute.objects.order_by("minute", "period_seconds").values_list(
        "period_seconds", "bytes_downloaded"
    )
    assert list(rows) == [*[(60, 100)] * 6, (300, 300), (60, 100), (300, 500), (300, 500)]


@pytest.mark.parametrize(("days", "period"), [(20, 300), (70, 3600)])
def test_longer_periods_never_take_known_minutes_from_their_shows(
    collecting: Collector, cloudwatch: FakeCloudWatch, days: int, period: int
) -> None:
    """Three shows of 20 minutes in one hour, read by the minute and final; then nobody reads for long."""
    start = NOW
    rows = [make_breakout(("E1", start + minutes(20 * n), start + minutes(20 * n + 18))) for n in range(3)]
    for number in range(60):
        cloudwatch.put("E1", start + minutes(number), 10**6 * (number + 1))
    now = collecting.until_final(rows[2], start + 2 * HOUR)
    before = [usage(row) for row in rows]
    cloudwatch.put("E1", start - minutes(30), 77)  # nobody's, never read by the minute
    DailySeries.objects.all().delete()
    collecting.days(now + timedelta(days=days))
    assert {call[3] for call in cloudwatch.calls[-2:]} == {period}
    collecting.run(now + timedelta(days=days))
    assert [usage(row) for row in rows] == before
    assert [row.usage_late_bytes for row in rows] == [0, 0, 0]
    in_ledger = LedgerMinute.objects.aggregate(sum=Sum("bytes_downloaded"))["sum"]
    assert in_ledger == 10**6 * 60 * 61 // 2 + 77
    assert not LedgerShortfall.objects.exists()


def test_the_report_splits_a_longer_period_as_the_figures_do(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    """Minutes after the show's window are known, so the longer period has nothing of them."""
    shows = [(10, 18), (40, 58)]
    first, second = (make_breakout(("E1", NOW + minutes(a), NOW + minutes(b))) for a, b in shows)
    for number in range(40, 60):
        cloudwatch.put("E1", NOW + minutes(number), 100)
    collecting.run(NOW + 2 * HOUR)
    cloudwatch.put("E1", NOW + minutes(12), 900)  # published when minutes are no longer kept
    collecting.days(NOW + timedelta(days=70))
    collecting.run(NOW + timedelta(days=70))
    for row, downloaded in ((first, 900), (second, 2000)):
        row.refresh_from_db()
        report = breakout_usage(row)
        assert (row.usage_bytes_downloaded or 0) + row.usage_late_bytes == downloaded
        assert sum(minute.bytes_downloaded for minute in report.minutes) == downloaded


def test_a_longer_period_that_says_less_books_nothing_and_is_an_alarm(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW, NOW + minutes(18)))
    for number in range(20):
        cloudwatch.put("E1", NOW + minutes(number), 100)
    now = collecting.until_final(row, NOW + 2 * HOUR)
    cloudwatch.put("E1", NOW + minutes(3), 40)
    collecting.days(now + timedelta(days=20))
    collecting.run(now + timedelta(days=20))
    assert usage(row) == ("final", 2000, 20)
    assert row.usage_late_bytes == 0
    assert LedgerMinute.objects.aggregate(sum=Sum("bytes_downloaded"))["sum"] == 2000
    shortfall = LedgerShortfall.objects.get()
    assert (shortfall.known_bytes, shortfall.reported_bytes) == (500, 440)
    LedgerShortfall.objects.update(seen_at=timezone.now())
    (condition,) = alarms.ALARMS[0].current()
    assert (condition.rule, condition.object_id) == ("ledger_shortfall", "E1")
    assert "60 bytes less" in condition.sentence


def test_an_error_writes_nothing_is_shown_on_the_job_and_the_next_run_continues(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR))
    cloudwatch.put("E1", NOW - 2 * HOUR, 100)
    for error in (Throttled("slow down", code="Throttling"), AccessDenied("no", code="AccessDenied")):
        cloudwatch.error = error
        with pytest.raises(type(error)):
            collecting.run(NOW)
        assert not LedgerMinute.objects.exists()
        assert usage(row) == ("provisional", None, None)
        assert error.code in Job.objects.get(name="collect_metrics").error
        assert any(error.code in sentence for sentence in breakout_usage(row).open)
    cloudwatch.error = None
    collecting.until_final(row, NOW)
    assert usage(row) == ("final", 100, 1)
    assert Job.objects.get(name="collect_metrics").error == ""


def test_what_was_read_before_an_error_counts(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    old = make_breakout(("E1", NOW - timedelta(days=20), NOW - timedelta(days=19.9)))
    new = make_breakout(("E2", NOW - HOUR, None), state="running")
    cloudwatch.put("E1", NOW - timedelta(days=20), 1)
    cloudwatch.put("E2", NOW - minutes(30), 2)
    cloudwatch.error, cloudwatch.error_after = Throttled("slow down"), 1
    with pytest.raises(Throttled):
        collecting.run(NOW)
    assert (usage(old)[1], usage(new)[1]) == (1, None)


def test_an_incomplete_answer_makes_nothing_final(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR))
    cloudwatch.put("E1", NOW - 2 * HOUR, 100)
    cloudwatch.complete = False
    collecting.run(NOW)
    collecting.run(NOW + 2 * HOUR)
    assert usage(row) == ("provisional", 100, 1)
    assert CollectionWindow.objects.get().read_at is None
    cloudwatch.complete = True
    collecting.run(NOW + 2 * HOUR)
    assert usage(row) == ("final", 100, 1)


def test_a_failed_breakout_is_settled_but_final_only_once_it_is_completed(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR), state="failed")
    cloudwatch.put("E1", NOW - 2 * HOUR, 100)
    collecting.run(NOW)
    collecting.run(NOW + HOUR)
    assert usage(row) == ("provisional", 100, 1)
    calls = len(cloudwatch.calls)
    collecting.run(NOW + 2 * HOUR)
    assert len(cloudwatch.calls) == calls
    restarted = NOW + 2 * HOUR
    Attachment.objects.create(breakout=row, aws_distribution_id="E1", started_at=restarted)
    Breakout.objects.update(state="running")
    cloudwatch.put("E1", restarted + minutes(1), 11)
    collecting.run(restarted + minutes(5))
    assert usage(row) == ("provisional", 111, 2)
    Attachment.objects.filter(ended_at=None).update(ended_at=restarted + minutes(5))
    Breakout.objects.update(state="completed")
    collecting.until_final(row, restarted + 2 * HOUR)
    assert usage(row) == ("final", 111, 2)


def test_a_failed_breakout_that_is_stopped_becomes_final_without_another_call(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR), state="failed")
    cloudwatch.put("E1", NOW - 2.5 * HOUR, 0, 0)
    collecting.run(NOW)
    collecting.run(NOW + HOUR)
    Breakout.objects.update(state="completed")
    calls = len(cloudwatch.calls)
    collecting.run(NOW + HOUR + minutes(1))
    assert usage(row) == ("final", 0, 0)
    assert len(cloudwatch.calls) == calls


def test_a_breakout_that_was_never_on_air_is_final_once_it_is_cancelled(collecting: Collector) -> None:
    idle, cancelled = make_breakout(state="idle"), make_breakout(state="cancelled")
    collecting.run(NOW)
    assert usage(idle) == ("pending", None, None)
    assert usage(cancelled) == ("final", 0, 0)


def test_an_attachment_without_a_cloudfront_id_is_read_later(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("", NOW - minutes(10), None), state="starting")
    cloudwatch.put("E1", NOW - minutes(9), 5)
    assert "windows: 0" in collecting.run(NOW)
    Attachment.objects.update(aws_distribution_id="E1")
    collecting.run(NOW + minutes(1))
    assert usage(row) == ("provisional", 5, 1)


def test_a_thousand_breakouts_need_four_calls(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    rows = Breakout.objects.bulk_create(
        Breakout(name=f"b{n}", channel_uid="c" * 32, channel_name="c", state="completed") for n in range(1000)
    )
    Attachment.objects.bulk_create(
        Attachment(
            breakout=row,
            aws_distribution_id=f"E{n}",
            started_at=NOW - 2 * HOUR,
            ended_at=NOW - HOUR - minutes(3),
        )
        for n, row in enumerate(rows)
    )
    collecting.run(NOW)
    assert [call[0] for call in cloudwatch.calls] == [500] * 4
    assert Breakout.objects.filter(usage_suspect=True).count() == 1000


def test_a_live_breakout_is_read_at_growing_intervals_and_not_from_its_beginning(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    start = NOW
    make_breakout(("E1", start, None), state="running")
    for number in range(0, 130, 5):
        collecting.run(start + minutes(number))
    assert [
        ((since - start) // minutes(1), (till - start) // minutes(1))
        for _, since, till, _ in cloudwatch.calls
    ] == [(0, 5), (0, 25), (0, 125)]


@pytest.mark.parametrize("length", [20, 45, 600])
def test_a_breakout_costs_at_most_twenty_metrics(
    collecting: Collector, cloudwatch: FakeCloudWatch, length: int
) -> None:
    start = NOW.replace(hour=10)
    row = make_breakout(("E1", start, None), state="running")
    for number in range(0, length + 200, 5):
        if number == length:
            Attachment.objects.update(ended_at=start + minutes(length))
            Breakout.objects.update(state="completed")
        for published in range(max(0, number - 10), min(number - 5, length + 2)):
            cloudwatch.put("E1", start + minutes(published), 1000)
        collecting.run(start + minutes(number))
    assert usage(row)[0] == "final"
    for hours in range(0, 24 * 6, 3):
        collecting.days(start + hours * HOUR)
        collecting.run(start + hours * HOUR)
    assert usage(row) == ("final", 1000 * (length + 2), length + 2)
    assert row.usage_complete
    its_days = {start.date(), (start + minutes(length + 2)).date()}
    metrics = sum(
        queries
        for queries, since, till, _ in cloudwatch.calls
        if till - since < timedelta(days=1) or since.date() in its_days
    )
    assert metrics <= 20


def test_a_run_with_nothing_new_writes_nothing(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    row = make_breakout(("E1", NOW - minutes(10), None), state="running")
    cloudwatch.put("E1", NOW - minutes(9), 5)
    collecting.run(NOW)
    before = list(LedgerMinute.objects.values())
    assert "new or changed minutes: 0" in collecting.run(NOW)
    assert list(LedgerMinute.objects.values()) == before
    assert usage(row) == ("provisional", 5, 1)


def test_the_next_run_writes_the_figures_that_a_killed_run_did_not(
    collecting: Collector, cloudwatch: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = make_breakout(("E1", NOW - minutes(10), None), state="running")
    cloudwatch.put("E1", NOW - minutes(9), 5)
    with monkeypatch.context() as patch:
        patch.setattr("billing.collection.usage_refresh", _die)
        with pytest.raises(RuntimeError):
            collecting.run(NOW)
    assert usage(row) == ("pending", None, None)
    assert breakout_usage(row).bytes_downloaded == 5
    collecting.run(NOW)
    assert usage(row) == ("provisional", 5, 1)


def _die(*_args: object, **_more: object) -> None:
    raise RuntimeError("killed")


def test_a_run_that_lost_its_lease_writes_nothing(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    row = make_breakout(("E1", NOW - timedelta(days=20), NOW - timedelta(days=19)))
    make_breakout(("E2", NOW - HOUR, None), state="running")
    cloudwatch.put("E1", NOW - timedelta(days=19.5), 5)

    class Lost:
        def extend(self) -> bool:
            return False

        def say(self, outcome: str) -> None: ...

    metrics_collector.collect_metrics(Lost(), now=NOW, metrics=cloudwatch)  # type: ignore[arg-type]
    assert not LedgerMinute.objects.exists()
    assert usage(row) == ("pending", None, None)
    assert CollectionWindow.objects.filter(read_at=None).count() == 2


def test_the_lease_is_extended_while_a_run_lasts(
    collecting: Collector, cloudwatch: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(501):
        make_breakout((f"E{number}", NOW - HOUR, None), state="running")
    clock = iter(range(0, 10**6, 30))  # each look is half a minute later
    monkeypatch.setattr("billing.metrics_collector.time.monotonic", lambda: next(clock))
    extended = []

    class Held:
        def extend(self) -> bool:
            extended.append(len(cloudwatch.calls))
            return True

        def say(self, outcome: str) -> None: ...

    metrics_collector.collect_metrics(Held(), now=NOW, metrics=cloudwatch)  # type: ignore[arg-type]
    assert set(extended) >= {1, 2, 3}


def test_the_task_records_an_aws_error_on_the_job_and_does_not_fail(
    collecting: Collector, cloudwatch: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_breakout(("E1", NOW - HOUR, None), state="running")
    cloudwatch.error = AccessDenied("the policy lacks it", code="AccessDenied")
    monkeypatch.setattr("billing.metrics_collector.CloudWatch", lambda session: cloudwatch)
    monkeypatch.setattr("billing.metrics_collector.current_session", lambda: None)
    tasks.collect_metrics()
    assert "AccessDenied" in Job.objects.get(name="collect_metrics").error


@pytest.mark.parametrize("seed", range(4))
def test_random_traffic_that_arrives_late_and_in_parts_ends_exact(
    collecting: Collector, cloudwatch: FakeCloudWatch, seed: int
) -> None:
    dice = random.Random(seed)
    start, ids = NOW - 2 * HOUR, ["E1", "E2", "E3"]
    rows = [_random_breakout(dice, ids, start + minutes(n * 14)) for n in range(8)]
    truth = {
        (aws_id, start + minutes(n)): (dice.randrange(10**9), dice.randrange(1000))
        for aws_id in ids
        for n in range(-5, 140)
        if dice.random() < 0.8
    }
    now = start
    while now < NOW + 4 * HOUR:
        for key, (downloaded, requests) in truth.items():
            age = (now - key[1]) / minutes(1)
            if age > 25:
                cloudwatch.data[key] = downloaded, requests
            elif age > 3 and dice.random() < 0.3:
                cloudwatch.data.setdefault(key, (downloaded // 2, requests // 3))
        if not NOW < now < NOW + HOUR:  # down for an hour
            collecting.run(now)
        now += minutes(dice.choice([1, 5, 9]))
    collecting.days(NOW + timedelta(days=2))
    assert {usage(row)[0] for row in rows} == {"final"}
    assert {
        (minute.aws_distribution_id, minute.minute): minute for minute in LedgerMinute.objects.all()
    }.keys() == set(truth)
    counted = sum(row.usage_bytes_downloaded or 0 for row in rows)
    assert counted == _expected_bytes(truth, [(row.pk, *span) for row in rows for span in _spans(row)])


def _random_breakout(dice: random.Random, ids: list[str], start) -> Breakout:
    first, second = dice.sample(ids, 2)
    swap = start + timedelta(seconds=dice.randrange(1, 600))
    end = swap + timedelta(seconds=dice.randrange(1, 600))
    return make_breakout((first, start, swap), (second, swap, end))


def _spans(row: Breakout):
    for attachment in row.attachments.all():
        yield attachment.aws_distribution_id, attachment.started_at, attachment.ended_at + minutes(2)


def _expected_bytes(truth, spans) -> int:
    """The bytes of every minute that any attachment covers in part, counted the simple way."""
    return sum(
        downloaded
        for (aws_id, minute), (downloaded, _) in truth.items()
        if any(a == aws_id and s < minute + minutes(1) and e > minute for _, a, s, e in spans)
    )
