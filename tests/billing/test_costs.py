"""What costs money: hours as AWS bills them, parts of a channel, now, breakouts, the month and its budget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from billing.costs import budget, month
from billing.costs import phases as phases_of_encoders
from billing.costs.breakouts import costs_of
from billing.costs.encoder import Encoder
from billing.costs.hours import hours_within, run_minutes
from billing.costs.month import level_of, month_cost, month_of, month_work_out
from billing.costs.now import costs_now
from billing.costs.phases import phases_end_of_deleted, phases_record
from billing.models import EncoderPhase, LedgerMinute, MonthCost, PriceRate
from billing.pricing.catalogue import GB, STORAGE
from billing.pricing.services import price_book, rate_add, rates_seed
from billing.tasks import estimate_costs
from billing.usage_rows import PhaseCursor
from channels_app.models import Breakout, Channel
from recordings.models import Recording
from streamhub.access.services import token_issue
from streamhub.alerts import evaluation
from streamhub.alerts.models import Alarm, Notice
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.measured import moved

As = Callable[[str], Client]
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ON_AWS = {"ml_channel_id": "1", "ml_input_id": "2"}
RUNS = {**ON_AWS, "ml_channel_state": "RUNNING"}


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 10), (1, 10), (600, 10), (601, 11), (3600, 60), (3601, 61), (86400, 1440)]
)
def test_a_run_is_billed_by_the_minute_rounded_up_and_ten_at_least(seconds: int, minutes: int) -> None:
    assert run_minutes(START, START + timedelta(seconds=seconds)) == minutes


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.booleans())
def test_parts_of_a_phase_add_up_to_the_phase(seconds: int, cut: int, run: bool) -> None:
    end = START + timedelta(seconds=seconds)
    middle = START + timedelta(seconds=min(cut, seconds))
    long_ago, later = START - HOUR, end + HOUR
    parts = [
        hours_within(START, end, since, till, run=run)
        for since, till in ((long_ago, middle), (middle, later))
    ]
    whole = hours_within(START, end, long_ago, later, run=run)
    assert abs(sum(parts) - whole) < Decimal("0.000001")


def parts_of(encoder: Encoder) -> dict[str, Decimal]:
    return {part.usage.usage_type: part.an_hour for part in encoder.running()}


def test_a_running_channel_is_its_input_its_outputs_and_what_mediapackage_gets() -> None:
    parts = parts_of(Encoder("1080p", "SINGLE_PIPELINE", False, 1, 1))
    ingest = parts.pop("EMP-ingest-bytes")
    assert parts == {"EML1-IN-AVC-HD-L20": 1, "EML1-OUT-AVC-HD-L10-30-S": 2, "EML1-OUT-AVC-SD-L10-30-S": 2}
    # 9.6 Mbit/s of pictures and four times 128 kbit/s of sound.
    assert ingest == Decimal(10_112_000) * 3600 / 8 / 2**30


def test_recording_is_one_more_output_and_two_pipelines_send_twice() -> None:
    one = parts_of(Encoder("720p50", "SINGLE_PIPELINE", False, 1, 1))
    two = parts_of(Encoder("720p50", "STANDARD", True, 3, 3))
    assert two["EML2-OUT-AVC-HD-L10-60-S"] == 2
    assert two["EML2-IN-AVC-HD-L20"] == 2, "MediaLive bills two inputs at most"
    assert two["EMP-ingest-bytes"] == 2 * one["EMP-ingest-bytes"]


def test_an_idle_channel_costs_itself_and_its_push_inputs() -> None:
    pushes = [part.usage.usage_type for part in Encoder("1080p", "STANDARD", False, 1, 1).idle()]
    pulls = [part.usage.usage_type for part in Encoder("1080p", "STANDARD", False, 1, 0).idle()]
    assert (pushes, pulls) == (["INACTIVE_CHANNEL", "INACTIVE_INPUT"], ["INACTIVE_CHANNEL"])


@pytest.fixture
def book(db: None) -> None:
    rates_seed()


def delivered(aws_id: str, at: datetime, bytes_downloaded: int, requests: int = 0) -> None:
    LedgerMinute.objects.create(
        aws_distribution_id=aws_id,
        minute=at.replace(second=0, microsecond=0),
        bytes_downloaded=bytes_downloaded,
        requests=requests,
        first_seen_at=at,
        changed_at=at,
    )


# The single-pipeline seed of 1080p: input, two HD and two SD outputs, and ingest.
INGEST = Decimal(10_112_000) * 3600 / 8 / 2**30 * Decimal("0.031")
RUNNING = Decimal("0.1764") + 2 * Decimal("0.4212") + 2 * Decimal("0.2124") + INGEST


def test_now_lists_running_and_idle_channels_and_what_is_stored(book: None) -> None:
    idle = rows.channel("idle", **ON_AWS)
    running = rows.channel("running", **RUNS, distribution=rows.distribution(aws_distribution_id="E1"))
    rows.channel("pending")
    delivered("E1", timezone.now() - 30 * MINUTE, 10 * 2**30, 1000)
    delivered("E1", timezone.now() - 3 * HOUR, 10**15)
    breakout = rows.breakout("completed", running)
    file = {"size_bytes": 1000 * 2**30, "modified_at": timezone.now()}
    Recording.objects.create(breakout=breakout, key="a", **file)
    Recording.objects.create(breakout=breakout, key="gone", gone_at=timezone.now(), **file)
    Recording.objects.create(breakout=rows.breakout("completed", running), key="a", billed=False, **file)
    found = costs_now()
    delivery = 10 * Decimal("0.085") + 1000 * Decimal("0.0000012") + Decimal("0.1") * Decimal("0.06")
    assert [(row.channel, row.running) for row in found.channels] == [(running, True), (idle, False)]
    assert [row.cost.exact for row in found.channels] == [RUNNING + delivery, Decimal("0.02")]
    assert found.storage.exact == pytest.approx(Decimal("24.5") / 730)
    assert found.per_hour == sum(row.cost.hourly for row in found.channels) + found.storage.hourly
    assert found.idle_per_hour == Decimal("0.02")


@pytest.mark.parametrize(
    ("columns", "usd"),
    [
        ({**ON_AWS, "ml_channel_gone": True}, "0.01"),
        ({**ON_AWS, "ml_channel_deleted_at": START}, "0.01"),
        ({"ml_channel_id": "1"}, "0.01"),
        ({**ON_AWS, "input_type": "URL_PULL"}, "0.01"),
        (ON_AWS, "0.02"),
        ({**ON_AWS, "attached_inputs": ["2", "3"]}, "0.03"),
    ],
)
def test_only_what_is_on_aws_costs_money(book: None, columns: dict[str, Any], usd: str) -> None:
    rows.channel("idle", **columns)
    assert costs_now().per_hour == Decimal(usd)


def test_a_channel_that_is_gone_from_aws_costs_nothing(book: None) -> None:
    rows.channel("deleting", **ON_AWS, ml_channel_gone=True, ml_input_gone=True)
    assert costs_now().channels == []


def test_a_kind_of_usage_without_a_rate_is_named_and_is_not_zero(db: None) -> None:
    channel = rows.channel("idle", **ON_AWS)
    rate_add(
        service="AWSElementalMediaLive",
        usage_type="INACTIVE_CHANNEL",
        region="*",
        tiers=[("0", "0.01")],
        valid_from=START,
        source="a test",
        who=TESTER,
    )
    (row,) = costs_now().channels
    assert row.cost.missing == ["MediaLive: idle push input"]
    assert "MediaLive: idle push input (the price book has no rate)" in costs_now().leaves_out
    assert get("channels/" + str(channel.pk), "channels:read").json()["cost_per_hour"] is None


@pytest.mark.parametrize("count", [1, 30])
def test_now_makes_a_constant_number_of_queries(
    book: None, count: int, django_assert_num_queries: Any
) -> None:
    for n in range(count):
        rows.channel("running", **RUNS, distribution=rows.distribution(aws_distribution_id=f"E{n}"))
        delivered(f"E{n}", timezone.now() - 30 * MINUTE, 1000)
    with django_assert_num_queries(5):
        assert len(costs_now().channels) == count


# --- the API ---------------------------------------------------------------------------------


def get(path: str, *scopes: str) -> Any:
    _, plain = token_issue("finance", list(scopes))
    return Client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {plain}"})


def test_the_api_says_what_costs_money_now(book: None) -> None:
    channel = rows.channel("idle", **ON_AWS)
    answer = get("costs/now", "usage:read").json()
    assert (answer["currency"], answer["per_hour"], answer["estimate"]) == ("USD", "0.0200", True)
    (line,) = answer["channels"]
    assert (line["channel"], line["per_hour"], line["running"]) == (str(channel.pk), "0.0200", False)
    assert line["since"].endswith("Z")
    assert {int(number) for number in answer["rates"]} <= set(PriceRate.objects.values_list("pk", flat=True))
    assert any("taxes" in phrase for phrase in answer["leaves_out"])
    assert get("costs/now", "channels:read").status_code == 403


def test_channels_and_breakouts_have_their_cost(book: None) -> None:
    channel = rows.channel("running", **RUNS)
    breakout = rows.breakout("running", channel, usage_bytes_downloaded=2**30)
    breakout.attachments.create(started_at=timezone.now() - 30 * MINUTE)
    idle = rows.breakout("idle", channel)
    listed = get("channels", "channels:read").json()["items"][0]
    assert listed["cost_per_hour"] == str(RUNNING.quantize(Decimal("0.0001")))
    assert get(f"channels/{channel.pk}", "channels:read").json()["cost_per_hour"] == listed["cost_per_hour"]
    cost = get(f"breakouts/{breakout.pk}", "breakouts:read").json()["cost"]
    assert (cost["currency"], cost["estimate"], cost["per_hour"]) == ("USD", True, listed["cost_per_hour"])
    exact = RUNNING * Decimal(31) / 60 + Decimal("0.085") + Decimal("0.01") * Decimal("0.06")
    assert Decimal(cost["amount"]) == exact.quantize(Decimal("0.01"))
    assert cost["rates"]
    assert get(f"breakouts/{idle.pk}", "breakouts:read").json()["cost"] is None
    items = get("breakouts", "breakouts:read").json()["items"]
    assert [item["cost"] is None for item in items] == [True, False]


@pytest.mark.parametrize("path", ["channels", "breakouts"])
def test_lists_with_costs_take_the_same_queries_for_any_number(
    book: None, path: str, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        rows.breakout("running", rows.channel("running", **RUNS)).attachments.create(started_at=START)
    _, plain = token_issue("finance", [f"{path}:read"])
    with django_assert_max_num_queries(14):
        Client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {plain}"})


# --- phases ----------------------------------------------------------------------------------


def phases() -> list[tuple[bool, float, float | None]]:
    return [
        (row.running, (row.started_at - START) / MINUTE, row.ended_at and (row.ended_at - START) / MINUTE)
        for row in EncoderPhase.objects.order_by("started_at")
    ]


def test_phases_follow_the_transitions_and_are_recorded_once(db: None) -> None:
    channel = rows.channel("idle")
    life = [
        "pending",
        "provisioning",
        "idle",
        "starting",
        "running",
        "running",
        "stopping",
        "idle",
        "deleting",
    ]
    for n, state in enumerate(life):
        moved(channel, state, START + n * MINUTE)
        phases_record()
    assert phases() == [(False, 2, 3), (True, 3, 7), (False, 7, None)]
    phases_record()
    assert EncoderPhase.objects.count() == 3
    assert {row.profile for row in EncoderPhase.objects.all()} == {"1080p"}


def test_a_failed_channel_is_as_it_was_before(db: None) -> None:
    channel = rows.channel("failed")
    for n, state in enumerate(["idle", "failed", "idle", "starting", "failed"]):
        moved(channel, state, START + n * MINUTE)
    phases_record()
    assert phases() == [(False, 0, 3), (True, 3, None)]


FAILED_AT = START + 2 * MINUTE


def failed_run(**fields: Any) -> Channel:
    """A channel that was started a minute before it failed."""
    channel = rows.channel(
        "failed", **{**ON_AWS, "state_since": FAILED_AT, "observed_at": FAILED_AT, **fields}
    )
    for n, state in enumerate(["idle", "starting", "failed"]):
        moved(channel, state, START + n * MINUTE)
    return channel


def test_a_run_ends_with_a_start_that_medialive_gives_up(db: None) -> None:
    """MediaLive is idle again, and nobody has pressed Retry yet."""
    channel = failed_run(ml_channel_state="IDLE")
    assert [phases_record(), phases_record()] == [3, 0]
    assert phases() == [(False, 0, 1), (True, 1, 2), (False, 2, None)]
    for n, state in enumerate(["idle", "starting", "running"]):
        moved(channel, state, START + (10 + n) * MINUTE)
    Channel.objects.update(state="running", ml_channel_state="RUNNING")
    assert [phases_record(), phases_record()] == [1, 0]
    assert phases()[2:] == [(False, 2, 11), (True, 11, None)]


def test_a_failed_channel_runs_until_medialive_says_that_it_does_not(db: None) -> None:
    channel = failed_run(ml_channel_state="RUNNING")
    phases_record()
    assert phases() == [(False, 0, 1), (True, 1, None)]
    Channel.objects.filter(pk=channel.pk).update(ml_channel_state="IDLE", observed_at=START + 9 * MINUTE)
    assert [phases_record(), phases_record()] == [1, 0]
    assert phases() == [(False, 0, 1), (True, 1, 9), (False, 9, None)]


def test_a_failed_channel_that_was_deleted_outside_has_neither_run_nor_idle_time(db: None) -> None:
    failed_run(ml_channel_state="RUNNING", ml_channel_gone=True)
    assert [phases_record(), phases_record()] == [2, 0]
    assert phases() == [(False, 0, 1), (True, 1, 2)]


def test_a_start_whose_answer_is_out_says_nothing_of_a_failed_channel(db: None) -> None:
    failed_run(ml_channel_state="IDLE", start_accepted_at=FAILED_AT)
    assert phases_record() == 2
    assert phases() == [(False, 0, 1), (True, 1, None)]


def test_intent_that_changes_no_state_and_fresh_transitions_begin_no_phase(db: None) -> None:
    channel = rows.channel("idle")
    moved(channel, "idle", START, from_state="idle")
    moved(channel, "running", timezone.now())
    assert phases_record() == 0


def test_a_channel_that_was_deleted_unseen_ends_its_phase_and_has_no_price(db: None) -> None:
    channel = rows.channel("idle")
    moved(channel, "running", START)
    channel.delete()
    phases_record()
    phases_end_of_deleted()
    assert phases() == [(True, 0, 0)]
    assert EncoderPhase.objects.get().profile == ""


WARM = ("idle", "starting", "running", "deleting")  # a warm channel is deleted while it runs


def deleted_while_it_runs(**fields: Any) -> Channel:
    """A warm channel whose deletion was accepted three minutes after its idle time began."""
    at = START + 3 * MINUTE
    channel = rows.channel("deleting", **{**RUNS, "state_since": at, "observed_at": at, **fields})
    for n, state in enumerate(WARM):
        moved(channel, state, START + n * MINUTE)
    return channel


def test_a_deletion_ends_a_run_only_when_medialive_has_stopped(db: None) -> None:
    channel = deleted_while_it_runs()
    assert [phases_record(), phases_record()] == [2, 0]
    assert phases() == [(False, 0, 1), (True, 1, None)]
    seen = {"ml_channel_state": "STOPPING", "observed_at": START + 4 * MINUTE}
    Channel.objects.filter(pk=channel.pk).update(**seen)
    assert phases_record() == 0
    seen = {"ml_channel_state": "IDLE", "observed_at": START + 6 * MINUTE}
    Channel.objects.filter(pk=channel.pk).update(**seen)
    assert [phases_record(), phases_record()] == [1, 0]
    assert phases() == [(False, 0, 1), (True, 1, 6), (False, 6, None)]
    gone = {"ml_channel_state": "DELETED", "observed_at": START + 8 * MINUTE, "ml_channel_gone": True}
    Channel.objects.filter(pk=channel.pk).update(**gone)
    assert [phases_record(), phases_record()] == [0, 0]
    assert phases() == [(False, 0, 1), (True, 1, 6), (False, 6, 8)]


@pytest.mark.parametrize("state", ["failed", "deleting"])
def test_the_idle_time_of_a_channel_that_is_not_on_aws_any_more_is_over(db: None, state: str) -> None:
    """AWS refused the deletion of its endpoint, or somebody deleted it there: what is left bills nothing."""
    at = START + 2 * MINUTE
    gone = {"ml_channel_gone": True, "state_since": START + MINUTE, "observed_at": at}
    channel = rows.channel(state, **{**ON_AWS, **gone})
    moved(channel, "idle", START)
    moved(channel, state, START + MINUTE)
    phases_record()
    assert phases() == [(False, 0, 2)]


def test_a_run_that_a_deletion_ends_is_recorded_once(db: None) -> None:
    deleted_while_it_runs(ml_channel_gone=True)
    assert [phases_record(), phases_record()] == [2, 0]
    assert phases() == [(False, 0, 1), (True, 1, 3)]


def test_a_refused_deletion_bills_the_idle_channel_until_it_is_gone(db: None) -> None:
    at = START + 4 * MINUTE
    channel = rows.channel("deleting", **{**ON_AWS, "state_since": at, "observed_at": at})
    for n, state in enumerate(("idle", "deleting", "failed", "deleting")):
        moved(channel, state, START + n * MINUTE)
    phases_record()
    assert phases() == [(False, 0, None)]
    channel.delete()
    phases_end_of_deleted()
    assert phases() == [(False, 0, 3)]


@pytest.mark.parametrize("noted", [True, False])
def test_an_idle_time_has_the_push_inputs_that_there_are(db: None, noted: bool) -> None:
    channel = rows.channel("idle", **ON_AWS, attached_inputs=["2"], state_since=START)
    moved(channel, "idle", START)
    phases_record()
    Channel.objects.update(attached_inputs=["2", "3"])
    if noted:
        moved(channel, "idle", START + 5 * MINUTE, from_state="idle")  # "its second input attached"
    before = timezone.now()
    assert [phases_record(), phases_record()] == [int(noted), 0]
    *earlier, now = EncoderPhase.objects.order_by("started_at")
    assert (now.running, now.push_inputs, now.inputs, now.ended_at) == (False, 2, 2, None)
    assert [(row.push_inputs, row.ended_at) for row in earlier] == [(1, now.started_at)] * noted
    assert now.started_at == START or before - MINUTE < now.started_at
    moved(channel, "starting", START + 9 * MINUTE)
    assert phases_record() == 1  # the next run ends it


def test_the_push_inputs_of_a_channel_that_has_just_moved_are_left_to_its_transitions(db: None) -> None:
    channel = rows.channel("idle", **ON_AWS, attached_inputs=["2"])
    moved(channel, "idle", START)
    phases_record()
    Channel.objects.update(attached_inputs=["2", "3"])
    moved(channel, "idle", timezone.now(), from_state="starting")  # not read yet
    assert phases_record() == 0
    assert EncoderPhase.objects.get().push_inputs == 1


def test_transitions_that_begin_no_phase_are_read_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """More in a row than are read at once: each page goes on from the last one."""
    monkeypatch.setattr(phases_of_encoders, "AT_ONCE", 2)
    channel = rows.channel("deleting", **RUNS, ml_channel_gone=True, state_since=START + 3 * MINUTE)
    for n, state in enumerate((*WARM, "failed", "deleting", "failed", "deleting")):
        moved(channel, state, START + n * MINUTE)
    assert phases_record() == 2
    assert PhaseCursor.objects.get().transition == Transition.objects.latest("id").pk
    other = rows.channel("idle")
    moved(other, "idle", START + HOUR)
    assert [phases_record(), phases_record()] == [1, 0]
    assert phases() == [(False, 0, 1), (True, 1, 3), (False, 60, None)]


def test_a_transition_that_is_committed_late_is_read(db: None) -> None:
    """Keys are given out before transactions commit: one with a smaller key may appear after a larger one."""
    first, second = rows.channel("running"), rows.channel("running")
    minutes_ago = timezone.now() - 5 * MINUTE
    moved(first, "running", minutes_ago)
    (before,) = Transition.objects.all()
    Transition.objects.create(**values_of(before, id=before.pk + 9, resource_id=second.pk))
    assert phases_record() == 2
    third = rows.channel("running")
    Transition.objects.create(**values_of(before, id=before.pk + 5, resource_id=third.pk))
    Transition.objects.create(
        **values_of(
            before, id=before.pk + 6, resource_id=third.pk, to_state="pending", at=minutes_ago + MINUTE
        )
    )
    assert [phases_record(), phases_record()] == [1, 0]
    assert {row.channel_id: row.ended_at for row in EncoderPhase.objects.all()} == {
        first.pk: None,
        second.pk: None,
        third.pk: minutes_ago + MINUTE,
    }


def values_of(row: Transition, **other: Any) -> dict[str, Any]:
    """The columns of a transition, for another one."""
    columns = ("resource_type", "resource_id", "at", "who", "why", "from_state", "to_state")
    return {name: getattr(row, name) for name in columns} | other


def test_phases_without_a_cursor_go_on_after_the_newest(db: None) -> None:
    """As a database is in which nobody noted what was read."""
    deleted_while_it_runs(ml_channel_gone=True)
    phases_record()
    PhaseCursor.objects.all().delete()
    assert phases_record() == 0
    assert phases() == [(False, 0, 1), (True, 1, 3)]
    assert PhaseCursor.objects.get().transition == Transition.objects.latest("id").pk


# --- breakouts, the month and the budget -----------------------------------------------------


def phase(start: datetime, end: datetime | None, *, running: bool = True, **more: Any) -> EncoderPhase:
    columns = {"profile": "1080p", "channel_class": "SINGLE_PIPELINE", "push_inputs": 1, "channel_id": 1}
    count = EncoderPhase.objects.count() + 1
    return EncoderPhase.objects.create(
        **{**columns, "transition": count, "started_at": start, "ended_at": end, "running": running, **more}
    )


def test_a_breakout_keeps_its_cost_when_its_channel_is_deleted(book: None) -> None:
    channel = rows.channel("idle")
    breakout = rows.breakout("completed", channel)
    breakout.attachments.create(started_at=START, ended_at=START + 61 * MINUTE)
    phase(START, START + 61 * MINUTE, channel_uid=channel.uid)
    before = costs_of([breakout])[breakout.pk].cost.exact
    channel.delete()
    after = costs_of(list(Breakout.objects.all()))[breakout.pk]
    assert after.cost.exact == before == RUNNING * 61 / 60
    assert after.per_hour is None


def test_a_new_rate_does_not_change_what_was_before(book: None) -> None:
    breakout = rows.breakout("completed")
    breakout.attachments.create(started_at=START, ended_at=START + HOUR)
    before = costs_of([breakout])[breakout.pk].cost
    rate_add(
        service="AWSElementalMediaLive",
        usage_type="EML1-IN-AVC-HD-L20",
        region="*",
        tiers=[("0", "100")],
        valid_from=START + HOUR,
        source="a test",
        who=TESTER,
    )
    assert costs_of([breakout])[breakout.pk].cost == before


def test_the_month_is_runs_idle_time_delivery_by_steps_and_storage(book: None) -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    month = datetime(2026, 11, 1, tzinfo=UTC)
    phase(month - HOUR, month + HOUR)
    phase(month + HOUR, None, running=False)
    phase(month - 5 * HOUR, month - 4 * HOUR)
    delivered("E1", month + HOUR, int(10241 * GB))
    delivered("E1", month - HOUR, 10**15)
    idle = 23 * Decimal("0.02")
    data = Decimal("870.48") + Decimal("102.41") * Decimal("0.06")
    assert month_cost(now, price_book()).exact == RUNNING + idle + data


@pytest.mark.parametrize(
    ("amount", "level"),
    [
        ("0", 0),
        ("49.99", 0),
        ("50", 50),
        ("79.99", 50),
        ("80", 80),
        ("99.99", 80),
        ("100", 100),
        ("5000", 100),
    ],
)
def test_the_budgets_levels(amount: str, level: int) -> None:
    assert level_of(Decimal(amount), 100) == level
    assert level_of(Decimal(amount), None) == 0


def test_each_level_of_the_budget_is_an_alarm_of_its_own(book: None, settings: Any) -> None:
    settings.MONTHLY_BUDGET = 100
    now = timezone.now().replace(day=10)
    assert budget.current() == []
    found = []
    for amount in (51, 85, 120):
        LedgerMinute.objects.all().delete()
        delivered("E1", now - HOUR, int(Decimal(amount) / Decimal("0.0856") * GB))
        row = month_work_out(now)
        (condition,) = budget.current()
        found.append((condition.rule, condition.severity.value, row.level_since == condition.since))
    assert found == [
        ("budget_50", "warning", True),
        ("budget_80", "warning", True),
        ("budget_100", "critical", True),
    ]
    assert condition.replaces == ("budget_80", "budget_50")
    since = row.level_since
    assert month_work_out(now + HOUR).level_since == since
    settings.MONTHLY_BUDGET = None
    assert budget.current() == []


def test_at_the_next_level_nobody_is_told_that_the_lower_one_is_over(book: None, settings: Any) -> None:
    settings.MONTHLY_BUDGET, settings.ALARM_EMAILS = 100, ["anna@example.com"]
    now = timezone.now()
    told = []
    for level in (50, 80, 100, 0):
        MonthCost.objects.update_or_create(
            month=month_of(now),
            defaults={"amount": level, "currency": "USD", "worked_out_at": now, "level": level, "lines": []},
        )
        evaluation.evaluate()
        Alarm.objects.update(opened_at=F("opened_at") - timedelta(minutes=1))
        evaluation.evaluate()
        notices = Notice.objects.filter(alarm__rule__startswith="budget_")
        told.append({(notice.alarm.rule, notice.event) for notice in notices} - set().union(*told))
    assert told == [
        {("budget_50", "opened")},
        {("budget_80", "opened")},
        {("budget_100", "opened")},
        {("budget_100", "resolved")},
    ]


def test_the_job_records_phases_and_says_what_the_month_cost(book: None) -> None:
    channel = rows.channel("running", **RUNS)
    moved(channel, "running", timezone.now() - HOUR)
    estimate_costs()
    assert EncoderPhase.objects.get().channel_uid == channel.uid
    month = MonthCost.objects.get()
    assert month.amount > 0
    assert f"so far: {month.amount} USD; phases new: 1" in Job.objects.get(name="estimate_costs").outcome


# --- pages -----------------------------------------------------------------------------------


def test_pages_say_the_cost_and_that_it_is_an_estimate(book: None, as_role: As) -> None:
    viewer = as_role("viewer")
    channel = rows.channel("running", **RUNS)
    breakout = rows.breakout("running", channel)
    breakout.attachments.create(started_at=timezone.now() - HOUR)
    shown = RUNNING.quantize(Decimal("0.0001"))
    dashboard = viewer.get(reverse("admin:index")).content.decode()
    assert f"${shown:,.2f} / h" in dashboard
    assert f'href="{reverse("admin:costs")}"' in dashboard
    for url in (
        reverse("admin:costs"),
        reverse("admin:channels_app_channel_change", args=[channel.pk]),
        reverse("admin:channels_app_breakout_change", args=[breakout.pk]),
    ):
        page = viewer.get(url).content.decode()
        assert str(shown) in page, url
        assert "stimate" in page
        assert "taxes" in page
        assert "not checked" in page


def test_an_empty_price_book_is_no_cost_of_zero(as_role: As) -> None:
    assert not PriceRate.objects.exists()
    viewer, channel = as_role("viewer"), rows.channel("running", **RUNS)
    for url in (reverse("admin:index"), reverse("admin:channels_app_channel_change", args=[channel.pk])):
        page = viewer.get(url).content.decode()
        assert "not known" in page
        assert "0.00 / h" not in page
        assert "0.0000 USD" not in page


def test_without_costs_the_page_says_so(book: None, as_role: As) -> None:
    page = as_role("viewer").get(reverse("admin:costs")).content.decode()
    assert "AWS bills no channel now" in page
    assert "has not run yet" in page


@pytest.mark.django_db
def test_without_rows_the_month_counts_what_is_stored_now_each_file_once() -> None:
    channel, now = rows.channel(), timezone.now()
    first, second = rows.breakout("completed", channel), rows.breakout("completed", channel)
    file = {"size_bytes": 730 * 2**30, "modified_at": now}
    Recording.objects.create(breakout=first, key="a", **file)
    Recording.objects.create(breakout=first, key="gone", gone_at=now, **file)
    Recording.objects.create(breakout=second, key="a", billed=False, **file)
    assert month._stored(now - 2 * HOUR, now) == [(STORAGE, Decimal(2))]
