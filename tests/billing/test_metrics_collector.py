"""The collector against a fake CloudWatch: what is read, written, settled and final."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from billing import metrics_collector, tasks
from billing.breakout_usage import breakout_usage
from billing.models import CollectionWindow, LedgerMinute
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
    collecting.run(NOW + minutes(1))
    assert usage(row) == ("provisional", 1000, 10)
    Attachment.objects.update(ended_at=NOW + minutes(5))
    Breakout.objects.update(state="completed")
    cloudwatch.put("E1", NOW + minutes(6), 500, 5)  # in the tail
    cloudwatch.put("E1", NOW + minutes(7), 70, 7)  # after it
    collecting.run(NOW + minutes(10))
    assert usage(row) == ("provisional", 1500, 15)
    collecting.run(NOW + minutes(7) + HOUR)  # late enough, but something changed within the hour
    assert usage(row) == ("provisional", 1500, 15)
    collecting.run(NOW + minutes(10) + HOUR)
    assert usage(row) == ("final", 1500, 15)
    assert row.usage_complete_until == NOW + minutes(7)


def test_no_data_is_zero_only_when_it_is_final(collecting: Collector) -> None:
    row = make_breakout(("E1", NOW - minutes(30), NOW - minutes(10)))
    collecting.run(NOW)
    assert usage(row) == ("provisional", None, None)
    collecting.run(NOW + HOUR)
    assert usage(row) == ("final", 0, 0)
    assert not LedgerMinute.objects.exists()


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


def test_a_minute_never_falls(
    collecting: Collector, cloudwatch: FakeCloudWatch, caplog: pytest.LogCaptureFixture
) -> None:
    row = make_breakout(("E1", NOW - minutes(30), None), state="running")
    cloudwatch.put("E1", NOW - minutes(20), 100, 9)
    collecting.run(NOW)
    cloudwatch.put("E1", NOW - minutes(20), 90, 10)
    collecting.run(NOW + minutes(1))
    assert usage(row) == ("provisional", 100, 10)
    assert "lower than the stored values, ignored: 1" in caplog.text


def test_a_metric_published_alone_does_not_set_the_other_to_zero(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - minutes(30), None), state="running")
    cloudwatch.put("E1", NOW - minutes(20), 100, None)
    collecting.run(NOW)
    cloudwatch.put("E1", NOW - minutes(20), None, 7)
    collecting.run(NOW + minutes(1))
    assert usage(row) == ("provisional", 100, 7)


def test_breakouts_back_to_back_share_a_minute_but_no_byte(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    start = NOW - 3 * HOUR
    change = start + minutes(10.25)  # the tail of the first reaches to 12.25, tie in minute 11
    first = make_breakout(("E1", start, change))
    second = make_breakout(("E1", change + timedelta(seconds=5), start + minutes(20)))
    for number in range(25):
        cloudwatch.put("E1", start + minutes(number), 2**number, 1)
    collecting.run(NOW)
    collecting.run(NOW + HOUR)
    assert usage(first) == ("final", 2**12 - 1, 12)
    assert usage(second) == ("final", 2**22 - 2**12, 10)


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


def test_after_fifteen_days_five_minute_data_is_read_and_counted_once(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    start = NOW
    row = make_breakout(("E1", start, start + minutes(18)))
    for number in range(20):
        cloudwatch.put("E1", start + minutes(number), 100)
    cloudwatch.put("E1", start + minutes(30), 5)
    halfway = {key: cloudwatch.data.pop(key) for key in list(cloudwatch.data) if key[1] > start + minutes(6)}
    collecting.run(start + minutes(20))
    assert usage(row) == ("provisional", 700, 7)
    cloudwatch.data |= halfway
    much_later = start + timedelta(days=20)
    collecting.run(much_later)
    assert cloudwatch.calls[-1][3] == 300
    collecting.run(much_later + HOUR)
    assert usage(row) == ("final", 2000, 20)
    rows = LedgerMinute.objects.order_by("minute").values_list("period_seconds", flat=True)
    assert list(rows) == [60] * 5 + [300] * 3


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
    collecting.run(NOW)
    Breakout.objects.update(state="completed")
    calls = len(cloudwatch.calls)
    collecting.run(NOW + minutes(1))
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
    assert Breakout.objects.filter(usage_status="final").count() == 1000


def test_a_live_breakout_is_not_read_from_its_beginning_every_time(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    make_breakout(("E1", NOW - 10 * HOUR, None), state="running")
    collecting.run(NOW)
    collecting.run(NOW + minutes(1))
    assert [(start, end) for _, start, end, _ in cloudwatch.calls] == [
        (NOW - 10 * HOUR, NOW),
        (NOW - HOUR, NOW + minutes(1)),
    ]


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


def _die(*_args: object) -> None:
    raise RuntimeError("killed")


def test_a_run_that_lost_its_lease_stops(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    make_breakout(("E1", NOW - timedelta(days=20), NOW - timedelta(days=19)))
    make_breakout(("E2", NOW - HOUR, None), state="running")

    class Lost:
        def extend(self) -> bool:
            return False

        def say(self, outcome: str) -> None: ...

    metrics_collector.collect_metrics(Lost(), now=NOW, metrics=cloudwatch)  # type: ignore[arg-type]
    assert len(cloudwatch.calls) == 1


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
