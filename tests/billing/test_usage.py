"""Usage of services as rows: hours of encoders, what MediaPackage was used for, storage, what is unknown."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from billing.costs.breakouts import costs_of
from billing.costs.delivered import bytes_by_hour
from billing.costs.hours import run_hours
from billing.costs.month import month_cost
from billing.costs.usage.calendar import hours_open, hours_to_read, is_final, read_due
from billing.costs.usage.encoder import rest_until
from billing.costs.usage.page import month_of
from billing.costs.usage.priced import services_used
from billing.costs.usage.runs import Run, Show
from billing.models import EncoderPhase, LedgerHour, LedgerMinute
from billing.pricing.catalogue import DELIVERY, GB
from billing.pricing.services import price_book, rates_seed
from billing.usage_rows import EncoderCheck, ServiceUsage, UsageHour
from billing.usage_window import floor_to
from channels_app.models import Channel
from recordings.models import Recording
from streamhub.errors import AccessDenied
from tests.scenarios import rows
from tests.scenarios.measured import FakeMetrics, collect, moved, phase, show, used
from tests.scenarios.world import WorldUnderTest

As = Callable[[str], Client]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
INPUT, OUTPUT = "EML1-IN-AVC-HD-L20", "EML1-OUT-AVC-HD-L10-30-S"
INGEST, ORIGINATION = "EMP-ingest-bytes", "EMP-origin-packaging-bytes"
STORED = "TimedStorage-ByteHrs"
LATER = NOON + DAY + 6 * HOUR


@pytest.fixture
def channel(db: None) -> Channel:
    return rows.channel("idle", name="main stage")


# --- which hours are read when ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "read_at", "due"),
    [
        (59 * MINUTE, None, False),
        (HOUR + 14 * MINUTE, None, False),
        (HOUR + 15 * MINUTE, None, True),
        (5 * HOUR, HOUR + 15 * MINUTE, False),
        (25 * HOUR, HOUR + 15 * MINUTE, True),
        (25 * HOUR, 25 * HOUR, False),
        (90 * HOUR, None, True),
    ],
    ids=["open", "just ended", "ended", "read once", "a day later", "final", "after an outage"],
)
def test_an_hour_is_read_twice(now: timedelta, read_at: timedelta | None, due: bool) -> None:
    moment = None if read_at is None else NOON + read_at
    assert read_due(NOON, moment, NOON + now) == due


def test_an_hour_is_final_after_a_day_and_a_backlog_is_read_newest_first() -> None:
    assert not is_final(NOON, NOON + 24 * HOUR)
    assert is_final(NOON, NOON + 25 * HOUR)
    now = NOON + 20 * MINUTE
    assert hours_to_read(NOON - 9 * HOUR, {NOON - HOUR: now}, now, 3) == [NOON - n * HOUR for n in (2, 3, 4)]
    assert hours_open(NOON + 14 * MINUTE) == [NOON, NOON - HOUR]
    assert hours_open(NOON + 15 * MINUTE) == [NOON]


# --- encoders -------------------------------------------------------------------------------------


def hours_of(usage_type: str, **of: Any) -> Decimal:
    return sum((row.quantity or Decimal(0) for row in used(usage_type, **of)), Decimal(0))


def test_a_run_is_billed_hour_by_hour_and_rounded_up_where_it_ends(channel: Channel) -> None:
    row = show(channel, NOON, NOON + 90 * MINUTE + timedelta(seconds=20))
    phase(channel, NOON + timedelta(seconds=3), NOON + 90 * MINUTE + timedelta(seconds=20))
    collect(LATER, FakeMetrics())
    assert [(each.start, each.quantity) for each in used(INPUT)] == [
        (NOON, Decimal(1)),
        (NOON + HOUR, (Decimal(31) / 60).quantize(Decimal("1e-12"))),
    ]
    assert {each.breakout_uid for each in used(INPUT)} == {row.uid}
    assert hours_of(OUTPUT) == pytest.approx(2 * Decimal(91) / 60)
    assert {each.final for each in used(INPUT)} == {True}


def test_an_hour_is_not_read_before_the_transitions_of_channels_are_phases(channel: Channel) -> None:
    for n, state in enumerate(("starting", "stopping", "idle")):
        moved(channel, state, NOON + n * HOUR)
    collect(LATER, FakeMetrics())
    assert [each.start for each in used(INPUT)] == [NOON, NOON + HOUR]
    assert {each.final for each in used(INPUT)} == {True}


def test_a_start_that_ends_at_once_is_ten_minutes(channel: Channel) -> None:
    phase(channel, NOON, NOON + 30 * timedelta(seconds=1))
    collect(LATER, FakeMetrics())
    assert hours_of(INPUT, breakout_uid="") == pytest.approx(Decimal(10) / 60)


def test_what_runs_outside_of_shows_is_nobodys_and_idle_time_is_kept(channel: Channel) -> None:
    phase(channel, NOON, NOON + HOUR, running=False)
    phase(channel, NOON + HOUR, NOON + 3 * HOUR)
    row = show(channel, NOON + HOUR + 30 * MINUTE, NOON + 2 * HOUR)
    collect(LATER, FakeMetrics())
    assert hours_of(INPUT, breakout_uid=row.uid) == Decimal("0.5")
    assert hours_of(INPUT, breakout_uid="") == Decimal("1.5")
    assert hours_of("INACTIVE_CHANNEL") == hours_of("INACTIVE_INPUT") == 1


def test_a_show_that_was_started_again_at_once_counts_each_hour_once(channel: Channel) -> None:
    """Its channel failed, and somebody pressed Retry within a minute: one time on air, two runs."""
    row = show(channel, NOON, NOON + 100 * MINUTE)
    phase(channel, NOON, NOON + 20 * MINUTE)
    phase(channel, NOON + 20 * MINUTE, NOON + 21 * MINUTE, running=False)
    phase(channel, NOON + 21 * MINUTE, NOON + 3 * HOUR)
    collect(LATER, FakeMetrics())
    assert [each.quantity for each in used(INPUT, breakout_uid=row.uid)] == [
        1,
        (Decimal(40) / 60).quantize(Decimal("1e-12")),
    ]
    billed = run_hours(NOON, NOON + 20 * MINUTE) + run_hours(NOON + 21 * MINUTE, NOON + 3 * HOUR)
    assert hours_of(INPUT) == pytest.approx(billed)


@given(st.integers(1, 30_000), st.integers(0, 3000), st.integers(1, 7000))
def test_the_hours_of_a_run_add_up_to_what_is_billed(seconds: int, late: int, talk: int) -> None:
    end = NOON + timedelta(seconds=seconds)
    start = min(NOON + timedelta(seconds=late), end)
    one = Show(1, "a", start, min(start + timedelta(seconds=talk), end))
    run = Run(EncoderPhase(started_at=NOON, running=True), end, (one,))
    rest = rest_until(run, end + HOUR)
    wanted = max(Decimal(0), run_hours(NOON, end) - run_hours(one.start, one.end))
    assert abs(rest - wanted) < Decimal("1e-12")


def test_a_channel_of_an_unknown_profile_has_no_quantity_and_says_why(channel: Channel) -> None:
    phase(channel, NOON, NOON + HOUR, profile="")
    collect(LATER, FakeMetrics())
    (row,) = used("CHANNEL")
    assert row.quantity is None
    assert "profile" in row.reason


@pytest.mark.parametrize(("minutes", "differs"), [(60, False), (55, False), (40, True), (0, True)], ids=str)
def test_transitions_are_compared_with_cloudwatchs_minutes(
    channel: Channel, minutes: int, differs: bool
) -> None:
    phase(channel, NOON, NOON + HOUR)
    metrics = FakeMetrics()
    for n in range(minutes):
        metrics.put("ActiveAlerts", "7654321", NOON + n * MINUTE, 0)
    said = collect(LATER, metrics)
    check = EncoderCheck.objects.get()
    assert (check.our_minutes, check.aws_minutes, check.differs) == (60, minutes, differs)
    assert ("ran otherwise" in said) == differs


# --- MediaPackage -----------------------------------------------------------------------------------


def test_mediapackages_bytes_are_split_between_shows_and_none_is_lost(channel: Channel) -> None:
    first = show(channel, NOON, NOON + 20 * MINUTE + timedelta(seconds=20))
    second = show(channel, NOON + 20 * MINUTE + timedelta(seconds=40), NOON + 59 * MINUTE)
    phase(channel, NOON - 5 * MINUTE, NOON + HOUR)
    metrics, dice = FakeMetrics(), random.Random(1)
    sent = {NOON + n * MINUTE: dice.randrange(10**9) for n in range(-5, 60)}
    for minute, count in sent.items():
        metrics.put("IngressBytes", "package-1", minute, count)
    collect(LATER, metrics)
    found = {(row.start, row.breakout_uid): row.quantity * GB for row in used(INGEST) if row.quantity}
    assert round(sum(found.values())) == sum(sent.values())
    alone = sum(count for minute, count in sent.items() if NOON <= minute < NOON + 20 * MINUTE)
    shared = sent[NOON + 20 * MINUTE] * 40 // 60
    assert abs(found[NOON, first.uid] - alone - shared) <= 1
    assert found[NOON, second.uid] > 0
    assert (NOON - HOUR, "") in found


def test_what_has_no_datapoint_is_unknown_and_never_zero(channel: Channel) -> None:
    row = show(channel, NOON, NOON + HOUR)
    phase(channel, NOON, NOON + HOUR)
    collect(NOON + 30 * MINUTE)
    assert [(each.quantity, each.reason) for each in used(INGEST)] == [
        (None, "CloudWatch has not been read for this hour yet.")
    ]
    collect(LATER, FakeMetrics())
    assert [each.quantity for each in used(INGEST, breakout_uid=row.uid, start=NOON)] == [None]
    assert "no datapoint" in used(INGEST)[0].reason


def test_an_answer_in_part_is_asked_again_and_is_not_final(channel: Channel) -> None:
    phase(channel, NOON, NOON + HOUR)
    metrics = FakeMetrics()
    metrics.put("IngressBytes", "package-1", NOON, 1000)
    metrics.complete = False
    collect(LATER, metrics)
    assert not UsageHour.objects.filter(hour=NOON).exists()
    assert not ServiceUsage.objects.filter(final=True, seconds=3600).exists()
    metrics.complete = True
    collect(LATER, metrics)
    (row,) = used(INGEST)
    assert row.final
    assert row.quantity is not None


def test_collecting_again_changes_nothing_and_asks_nothing(channel: Channel) -> None:
    show(channel, NOON, NOON + HOUR)
    phase(channel, NOON, NOON + 3 * HOUR)
    metrics = FakeMetrics()
    for n in range(180):
        metrics.put("IngressBytes", "package-1", NOON + n * MINUTE, 10**8)
    collect(LATER, metrics)
    before, calls = list(ServiceUsage.objects.order_by("pk").values()), len(metrics.calls)
    assert "new or changed rows: 0" in collect(LATER, metrics)
    assert list(ServiceUsage.objects.order_by("pk").values()) == before
    assert len(metrics.calls) == calls == 3


def test_an_error_ends_the_run_keeps_what_is_known_and_the_next_run_goes_on(channel: Channel) -> None:
    phase(channel, NOON, NOON + 2 * HOUR)
    metrics = FakeMetrics()
    metrics.put("IngressBytes", "package-1", NOON + HOUR, 5 * 2**30)
    collect(NOON + 2 * HOUR + 20 * MINUTE, metrics)
    metrics.error = AccessDenied("no", operation="cloudwatch:GetMetricData")
    assert "no" in collect(LATER, metrics)
    assert [row.quantity for row in used(INGEST, start=NOON + HOUR)] == [Decimal(5)]
    assert not any(row.final for row in used(INGEST))
    metrics.error = None
    collect(LATER, metrics)
    assert all(row.final for row in used(INGEST))


def test_what_is_known_is_not_lost_when_cloudwatch_has_nothing_any_more(channel: Channel) -> None:
    show(channel, NOON, NOON + 30 * MINUTE)
    phase(channel, NOON, NOON + HOUR)
    metrics = FakeMetrics()
    for minute in (NOON, NOON + 50 * MINUTE):
        metrics.put("IngressBytes", "package-1", minute, 2**30)
    collect(NOON + HOUR + 20 * MINUTE, metrics)
    before = [(row.breakout_uid, row.quantity) for row in used(INGEST)]
    collect(LATER, FakeMetrics())
    assert [(row.breakout_uid, row.quantity) for row in used(INGEST)] == before
    assert [quantity for _uid, quantity in before] == [1, 1]


def test_a_call_has_five_hundred_metrics_at_most(db: None) -> None:
    for n in range(200):
        own = rows.channel("idle")
        phase(own, NOON, NOON + HOUR, ml_channel_id=str(n), mp_channel_id=f"p{n}")
    metrics = FakeMetrics()
    collect(NOON + HOUR + 20 * MINUTE, metrics)
    assert [len(queries) for queries in metrics.calls] == [500, 100]


def test_against_the_embedded_aws_the_rows_are_what_was_received_and_sent(
    world: WorldUnderTest, settings: Any
) -> None:
    channel, now = rows.channel("idle"), timezone.now()
    hour = floor_to(now - 27 * HOUR, 3600)
    row = show(channel, hour + 10 * MINUTE, hour + 50 * MINUTE)
    phase(channel, hour, hour + HOUR)
    world.control.scale(1)
    world.control.publish_delay(least=0, most=600, late_share=0.3, grow_share=0.7)
    dice = random.Random(7)
    for n in range(60):
        world.control.package("package-1", dice.randrange(10**9), dice.randrange(10**8), hour + n * MINUTE)
    collect(hour + HOUR + 15 * MINUTE)
    seen = sum(each.quantity * GB for each in used(INGEST) if each.quantity is not None)
    world.control.publish_all()
    collect(now)
    truth = world.control.package_truth("package-1")
    for usage_type, name in ((INGEST, "ingress"), (ORIGINATION, "egress")):
        assert round(sum(each.quantity * GB for each in used(usage_type))) == truth[name]  # type: ignore[operator]
        assert {each.breakout_uid for each in used(usage_type)} == {row.uid, ""}
    assert seen < truth["ingress"]


# --- storage ------------------------------------------------------------------------------------------


def test_recordings_are_stored_by_the_day_from_when_they_were_written(channel: Channel) -> None:
    row = show(channel, NOON - HOUR, NOON)
    Recording.objects.create(breakout=row, key="a", size_bytes=73 * 2**30, modified_at=NOON)
    collect(NOON + 6 * HOUR)
    assert [each.quantity for each in used(STORED)] == [Decimal("0.6")]
    collect(LATER)
    days = used(STORED)
    assert [(each.quantity, each.final) for each in days] == [(Decimal("1.2"), True), (Decimal("1.8"), False)]
    row.delete()
    collect(LATER + DAY)
    assert used(STORED)[0] == days[0]


def test_what_was_stored_stays_when_it_is_deleted_before_its_day_is_final(channel: Channel) -> None:
    row = show(channel, NOON - HOUR, NOON)
    Recording.objects.create(breakout=row, key="a", size_bytes=73 * 2**30, modified_at=NOON)
    collect(NOON + 6 * HOUR)
    row.delete()
    for now in (NOON + 7 * HOUR, LATER, LATER + DAY):
        collect(now)
    assert [(each.quantity, each.final) for each in used(STORED)] == [(Decimal("0.6"), True)]


def test_a_recording_that_is_listed_late_has_its_first_days(channel: Channel) -> None:
    first, late = show(channel, NOON - HOUR, NOON), show(channel, NOON - HOUR, NOON)
    Recording.objects.create(breakout=first, key="a", size_bytes=73 * 2**30, modified_at=NOON)
    collect(LATER)
    (frozen,) = used(STORED, final=True)
    Recording.objects.create(breakout=first, key="b", size_bytes=73 * 2**30, modified_at=NOON)
    Recording.objects.create(breakout=late, key="c", size_bytes=73 * 2**30, modified_at=NOON - 2 * DAY)
    collect(LATER + HOUR)
    assert [each.quantity for each in used(STORED, breakout_uid=late.uid)] == [
        Decimal(text) for text in ("1.2", "2.4", "2.4", "1.9")
    ]
    (same,) = used(STORED, breakout_uid=first.uid, final=True)
    assert (same.quantity, same.changed_at) == (frozen.quantity, frozen.changed_at)
    assert "new or changed rows: 0" in collect(LATER + HOUR)


def test_what_is_gone_is_stored_until_then_and_what_is_back_from_then(channel: Channel) -> None:
    row = show(channel, NOON - HOUR, NOON)
    file = {"breakout": row, "size_bytes": 73 * 2**30, "modified_at": NOON - DAY}
    Recording.objects.create(key="gone", gone_at=NOON, **file)
    Recording.objects.create(key="back", back_at=NOON + 6 * HOUR, **file)
    collect(LATER + DAY)
    stored = [each.quantity for each in used(STORED)]
    assert stored == [Decimal(text) for text in ("1.2", "1.8", "2.4", "1.8")]


def test_a_file_of_two_breakouts_is_stored_once(channel: Channel) -> None:
    first, second = show(channel, NOON - HOUR, NOON), show(channel, NOON - HOUR, NOON)
    file = {"size_bytes": 73 * 2**30, "modified_at": NOON, "key": "a"}
    Recording.objects.create(breakout=first, billed=False, **file)
    Recording.objects.create(breakout=second, **file)
    collect(LATER)
    assert [each.quantity for each in used(STORED, final=True, breakout_uid=second.uid)] == [Decimal("1.2")]
    assert {each.quantity for each in used(STORED, breakout_uid=first.uid)} == {Decimal(0)}
    assert "new or changed rows: 0" in collect(LATER)


# --- costs --------------------------------------------------------------------------------------------


def test_a_breakout_costs_what_was_measured_and_says_what_was_assumed(channel: Channel) -> None:
    rates_seed()
    row = show(channel, NOON, NOON + 2 * HOUR, usage_bytes_downloaded=100 * 2**30)
    phase(channel, NOON, NOON + 2 * HOUR)
    before = {line.usage.usage_type: line.quantity for line in costs_of([row])[row.pk].cost.lines}
    metrics = FakeMetrics()
    metrics.put("IngressBytes", "package-1", NOON, 3 * 2**30)
    collect(LATER, metrics)
    found = costs_of([row])[row.pk]
    after = {line.usage.usage_type: line.quantity for line in found.cost.lines}
    assert after[INGEST] == 3 + before[INGEST] / 2
    assert after[ORIGINATION] == before[ORIGINATION] == 1
    assert [phrase for phrase in found.leaves_out if "assumed" in phrase] == [
        f"MediaPackage: {what} of the time, because it was not measured"
        for what in ("ingest is assumed for 50%", "origination and packaging is assumed for 100%")
    ]
    assert after[INPUT] == hours_of(INPUT) == 2


def test_the_month_has_what_was_measured_and_assumes_the_rest(channel: Channel) -> None:
    rates_seed()
    phase(channel, NOON, NOON + 2 * HOUR)
    LedgerMinute.objects.create(
        aws_distribution_id="E1",
        minute=NOON,
        bytes_downloaded=100 * 2**30,
        requests=0,
        first_seen_at=NOON,
        changed_at=NOON,
    )
    metrics = FakeMetrics()
    metrics.put("IngressBytes", "package-1", NOON, 3 * 2**30)
    metrics.put("EgressBytes", "package-1", NOON, 7 * 2**30)
    before = {line.usage.usage_type: line.quantity for line in month_cost(LATER, price_book()).lines}
    collect(LATER, metrics)
    after = {line.usage.usage_type: line.quantity for line in month_cost(LATER, price_book()).lines}
    assert after[INGEST] == 3 + before[INGEST] / 2
    assert (before[ORIGINATION], after[ORIGINATION]) == (1, 7)
    assert after[INPUT] == before[INPUT] == 2


def test_a_month_that_was_rolled_up_has_what_it_delivered(db: None) -> None:
    rates_seed()
    minute = {"bytes_downloaded": GB, "first_seen_at": NOON, "changed_at": NOON, "requests": 3}
    LedgerMinute.objects.create(aws_distribution_id="E1", minute=NOON, **minute)
    for uid, hour in (("", NOON - DAY), ("a" * 32, NOON - DAY), ("", NOON - 30 * DAY)):
        LedgerHour.objects.create(
            aws_distribution_id="E1", hour=hour, breakout_uid=uid, bytes_downloaded=GB, requests=2
        )
    start = NOON.replace(day=1, hour=0)
    (cloudfront,) = services_used(start, start + 30 * DAY, price_book())
    assert [each.total.quantity for each in cloudfront.usages] == [3, 7]
    lines = {line.usage.usage_type: line.quantity for line in month_cost(LATER, price_book()).lines}
    assert lines[DELIVERY.usage_type] == 3
    assert bytes_by_hour(start, LATER) == {NOON: GB, NOON - DAY: 2 * GB}


# --- pages --------------------------------------------------------------------------------------------


def test_the_page_says_what_was_used_what_is_unknown_and_where_aws_differs(
    channel: Channel, as_role: As
) -> None:
    rates_seed()
    phase(channel, NOON, NOON + HOUR)
    metrics = FakeMetrics()
    metrics.put("IngressBytes", "package-1", NOON, 3 * 2**30)
    collect(LATER, metrics)
    viewer = as_role("viewer")
    page = viewer.get(reverse("admin:usage") + "?month=2026-11").content.decode()
    for text in (
        "MediaPackage in all",
        "0.0930",
        "3 GB",
        "not known",
        "no datapoint",
        "main stage",
        "stimate",
    ):
        assert text in page, text
    empty = viewer.get(reverse("admin:usage") + "?month=2025-01").content.decode()
    assert "Nothing was used" in empty
    for month in ("nonsense", "9999-12", "0001-01", "2000-12"):
        assert viewer.get(reverse("admin:usage") + f"?month={month}").status_code == 200
    assert month_of("9999-12", NOON) == month_of("0001-01", NOON) == month_of("", NOON)
    dashboard = viewer.get(reverse("admin:billing") + "?month=2026-11").content.decode()
    assert "MediaPackage in all" in dashboard
